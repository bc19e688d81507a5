import { describe, expect, test } from "vitest";
import { fixedWindow, slidingLog, slidingWindow, tokenBucket } from "../../../src/algorithm/policy.ts";
import { allOf } from "../../../src/limiter/all-of.ts";
import { leases } from "../../../src/limiter/leases/leases.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { known } from "../../support/known.ts";
import { calls, MAX_MS, rigOf, sources } from "./rig.ts";

const MARGIN_MS = 50;

/** An isolate that holds units of the key, about to be spent. */
async function leased(rig = rigOf(), limiter = rig.isolate()) {
  const decisions = await calls(rig, limiter, 60);
  expect(sources(decisions).at(-1)).toBe("lease+");
  rig.asked.length = 0;
  return { rig, limiter };
}

/** Requests under way have reached the store. */
const sent = () => new Promise((resolve) => setImmediate(resolve));

describe("admitted without a request", () => {
  test("of 300 calls all but a few; each says who answered, and what is left as of the last request", async () => {
    const rig = rigOf();
    const decisions = await calls(rig, rig.isolate(), 300);
    expect(decisions.every(({ allowed }) => allowed)).toBe(true);
    expect(rig.asked.length).toBeLessThan(30);
    const left = decisions.map((decision) => known(decision).remaining);
    decisions.forEach((decision, i) => {
      if (decision.source === "lease") expect(left[i]).toBe((left[i - 1] as number) - 1);
    });
    expect(rig.events.filter(({ type }) => type === "store")).toHaveLength(rig.asked.length);
  });

  test("a key that is asked for rarely is asked for as without leases", async () => {
    const rig = rigOf();
    const limiter = rig.isolate();
    for (let i = 0; i < 50; i += 1) {
      expect((await limiter.consume("k")).source).toBe("store");
      rig.clock.ms += MAX_MS / 4;
    }
    expect(new Set(rig.asked)).toEqual(new Set(["step"]));
  });

  test("behind an answer, where the platform can finish work, before there is none left", async () => {
    const rig = rigOf();
    const limiter = rig.isolate({ waitUntil: rig.waitUntil });
    const decisions = [];
    for (let i = 0; i < 200; i += 1) {
      decisions.push(...(await calls(rig, limiter, 1)));
      await Promise.all(rig.tasks);
    }
    expect(rig.tasks.length).toBeGreaterThan(3);
    expect(sources(decisions).filter((source) => source === "store+").length).toBeLessThan(10);
    expect(rig.events.filter((event) => event.type === "store" && event.purpose === "lease")).toHaveLength(
      rig.tasks.length,
    );
  });

  test("nobody waits for another's request for more", async () => {
    const rig = rigOf();
    const { limiter } = await leased(rig);
    rig.clock.ms += MAX_MS;
    const open = rig.close();
    const three = [limiter.consume("k"), limiter.consume("k"), limiter.consume("k")];
    await sent();
    expect(rig.asked).toEqual(["grants", "step", "step"]);
    open();
    expect(sources(await Promise.all(three))).toEqual(["store+", "store+", "store+"]);
  });

  test("on a memory store they do nothing", async () => {
    const policy = tokenBucket({ limit: 6000, window: "1 m", burst: 200 });
    const limiter = createLimiter({ name: "m", store: memoryStore(), policies: [policy], leases: leases() });
    expect(await limiter.consume("k")).toMatchObject({ source: "store", burst: 200, remaining: 199 });
  });
});

describe("the end of a lease", () => {
  test("is so many ms after its request was sent, less the margin", async () => {
    const { rig, limiter } = await leased();
    const since = rig.clock.ms;
    rig.clock.ms = since + MAX_MS - MARGIN_MS - 600;
    expect((await limiter.consume("k")).source).toBe("lease");
    rig.clock.ms = since + MAX_MS;
    expect((await limiter.consume("k")).source).toBe("store");
  });

  test("comes with a clock that is set back to before the request", async () => {
    const { rig, limiter } = await leased();
    rig.clock.ms -= 3000;
    expect((await limiter.peek("k")).source).toBe("store");
  });

  test.each([
    fixedWindow({ name: "p", limit: 1000, window: "10 s" }),
    slidingWindow({ name: "p", limit: 1000, window: "10 s" }),
  ])("comes with the window that it was taken from: $algorithm.code", async (policy) => {
    const rig = rigOf([policy]);
    rig.clock.ms += 9200;
    const { limiter } = await leased(rig);
    // 9800: the window ends before the lease would.
    rig.clock.ms += 140;
    expect((await limiter.consume("k")).source).toBe("lease");
    rig.clock.ms += 10;
    expect((await limiter.consume("k")).source).toBe("store");
  });
});

describe("what was not spent", () => {
  test.each([
    // A unit a second: next to nothing has refilled when it comes back.
    { limit: 60, refilled: 2 },
    // Forty a second: all of it may have refilled.
    { limit: 2400, refilled: 45 },
  ])("goes back with the next request, less what has refilled since: $limit a minute", async ({ limit, refilled }) => {
    const rig = rigOf([tokenBucket({ name: "p", limit, window: "1 m", burst: 1000 })]);
    const limiter = rig.isolate();
    await calls(rig, limiter, 80);
    // A call that asks for more, and what it got.
    for (rig.asked.length = 0; rig.asked.length === 0; await calls(rig, limiter, 1));
    const held = known(await limiter.peek("k")).remaining - known(await rig.isolate().peek("k")).remaining;
    expect(held).toBeGreaterThan(20);
    rig.clock.ms += MAX_MS;
    const before = known(await rig.isolate().peek("k")).remaining;
    const asked = await limiter.consume("k");
    expect(asked.source).toBe("store");
    const back = known(asked).remaining + 1 - before;
    expect(back).toBeGreaterThanOrEqual(held - refilled);
    expect(back).toBeLessThanOrEqual(Math.max(0, held - Math.floor((limit * MAX_MS) / 60_000)));
  });

  test("does not go into the next window", async () => {
    const rig = rigOf([fixedWindow({ name: "p", limit: 1000, window: "10 s" })]);
    rig.clock.ms += 9000;
    const { limiter } = await leased(rig);
    rig.clock.ms += 1000;
    await calls(rig, rig.isolate(), 3);
    const decision = await limiter.consume("k");
    expect(decision).toMatchObject({ source: "store", remaining: 1000 - 4 });
    expect(rig.asked.at(-1)).toBe("grants");
  });

  test("is lost with an isolate that dies, and never given twice", async () => {
    const { rig } = await leased();
    const after = rig.isolate({
      leases: undefined,
      name: "hot",
      policies: [tokenBucket({ name: "p", limit: 6000, window: "1 m", burst: 100 })],
    });
    expect(known(await after.peek("k")).remaining).toBeLessThan(100);
  });
});

describe("a pause", () => {
  /** An isolate that has just been denied by the store, on a key that it asks for often. */
  async function dry() {
    const { rig, limiter } = await leased();
    rig.clock.ms += MAX_MS;
    await rig.isolate().charge("k", 100);
    expect(sources(await calls(rig, limiter, 1))).toEqual(["store-"]);
    rig.asked.length = 0;
    await calls(rig, limiter, 30);
    expect(rig.asked).toEqual([]);
    return { rig, limiter };
  }

  test("denies without a request, says until when, and ends", async () => {
    const rig = rigOf([slidingWindow({ name: "p", limit: 60, window: "10 s" })]);
    const limiter = rig.isolate();
    const decisions = await calls(rig, limiter, 80);
    const denied = decisions.find(({ source, allowed }) => source === "lease" && !allowed);
    expect(denied).toMatchObject({ allowed: false, policy: "p", limit: 60 });
    expect(known(denied as never).retryAfterMs).toBeGreaterThan(0);
    const admitted = decisions.filter(({ allowed }) => allowed).length;
    expect(admitted).toBeLessThanOrEqual(60);
    expect(admitted).toBeGreaterThan(55);
  });

  test("one asks again at its end, and the others are denied for a round trip", async () => {
    const { rig, limiter } = await dry();
    const paused = known(await limiter.consume("k"));
    expect(paused).toMatchObject({ allowed: false, source: "lease" });
    expect(rig.asked).toEqual([]);
    expect(paused.retryAfterMs).toBe(750 - 310);
    rig.clock.ms += paused.retryAfterMs;
    const open = rig.close();
    const [first, ...others] = [limiter.consume("k"), limiter.consume("k"), limiter.consume("k")] as const;
    expect(sources(await Promise.all(others))).toEqual(["lease-", "lease-"]);
    expect(rig.asked).toEqual(["grants"]);
    open();
    expect(sources([await first])).toEqual(["store+"]);
  });

  test("a request that nobody answers holds up nobody for ever", async () => {
    const { rig, limiter } = await dry();
    rig.clock.ms += 500;
    const open = rig.close();
    const lost = limiter.consume("k");
    expect((await limiter.consume("k")).source).toBe("lease");
    rig.clock.ms += 1000;
    const another = limiter.consume("k");
    await sent();
    expect(rig.asked).toHaveLength(2);
    open();
    await Promise.all([lost, another]);
  });

  test("after a request for more that failed nobody asks for more for a while, and then somebody does", async () => {
    const { rig, limiter } = await leased();
    rig.clock.ms += MAX_MS;
    const { run } = rig.store;
    rig.store.run = () => Promise.reject(new Error("away"));
    expect((await limiter.consume("k")).source).toBe("fallback");
    rig.store.run = run as never;
    await calls(rig, limiter, (MAX_MS - 10) / 10);
    expect(new Set(rig.asked)).toEqual(new Set(["step"]));
    await calls(rig, limiter, 5);
    expect(rig.asked).toContain("grants");
  });

  test("is none where callers accept a delay, and none for a cost that there was room for", async () => {
    const rig = rigOf();
    const limiter = rig.isolate();
    await calls(rig, limiter, 20);
    await limiter.charge("k", 40);
    rig.asked.length = 0;
    expect((await limiter.consume("k", { cost: 80 })).allowed).toBe(false);
    expect((await limiter.consume("k", { cost: 1 })).allowed).toBe(true);
    expect((await limiter.consume("k", { cost: 80, maxDelayMs: 5000 })).allowed).toBe(true);
  });

  test("of a fixed window is none: its snapshot is exact", async () => {
    const rig = rigOf([fixedWindow({ name: "p", limit: 40, window: "10 s" })]);
    const limiter = rig.isolate();
    const decisions = await calls(rig, limiter, 60);
    expect(sources(decisions).at(-1)).toBe("snapshot-");
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(40);
  });

  test("ends with the isolate's own refund", async () => {
    const { limiter } = await dry();
    await limiter.refund("k", 1000);
    expect(await limiter.consume("k")).toMatchObject({ allowed: true, source: "store" });
  });
});

describe("with the rest", () => {
  test.each(["refund", "charge", "reset"] as const)("%s ends a lease, for any limit of a call", async (operation) => {
    const { limiter } = await leased();
    if (operation === "reset") await limiter.reset("k");
    else await limiter[operation]("k", 1, { limit: 3000 });
    expect((await limiter.consume("k")).source).toBe("store");
  });

  test("grants that were under way at a reset are not spent", async () => {
    const { rig, limiter } = await leased();
    rig.clock.ms += 950;
    const open = rig.close();
    const asking = limiter.consume("k");
    await sent();
    expect(rig.asked).toEqual(["grants"]);
    const resetting = limiter.reset("k");
    await resetting;
    open();
    expect((await asking).allowed).toBe(true);
    expect((await limiter.consume("k")).source).toBe("store");
  });

  test("peek takes nothing of a lease; a delay that is accepted asks for no more", async () => {
    const { rig, limiter } = await leased();
    const before = known(await limiter.peek("k"));
    expect(before.source).toBe("lease");
    expect(known(await limiter.peek("k")).remaining).toBe(before.remaining);
    rig.clock.ms += MAX_MS;
    await limiter.consume("k", { maxDelayMs: 100 });
    expect(rig.asked).toEqual(["step"]);
  });

  test("a lease outlives its store until its end; then the failure mode answers, and nobody asks for more for a while", async () => {
    const { rig, limiter } = await leased();
    rig.store.step = () => Promise.reject(new Error("away"));
    rig.store.run = rig.store.step as never;
    expect(await limiter.consume("k")).toMatchObject({ allowed: true, source: "lease" });
    rig.clock.ms += MAX_MS;
    expect(await limiter.consume("k")).toMatchObject({ source: "fallback" });
  });

  test("calls with limits of their own ask for themselves", async () => {
    const { rig, limiter } = await leased();
    expect((await limiter.consume("k", { limit: 3000 })).source).toBe("store");
    expect(rig.asked).toEqual(["step"]);
  });

  test("a reservation that was served from a lease is settled where its units were taken, and the lease goes on", async () => {
    const { rig, limiter } = await leased(rigOf([fixedWindow({ name: "p", limit: 1000, window: "10 s" })]));
    const other = rig.isolate();
    // As much as one request brings.
    for (; rig.asked.length === 0; await calls(rig, limiter, 1));
    const before = known(await other.peek("k")).remaining;
    const reservation = await limiter.reserve("k", { cost: 3 });
    expect(reservation).toMatchObject({ allowed: true, source: "lease" });
    expect(known(await other.peek("k")).remaining).toBe(before);
    rig.asked.length = 0;
    await reservation.settle(1);
    expect(known(await other.peek("k")).remaining).toBe(before + 2);
    expect((await limiter.consume("k")).source).toBe("lease");
    const late = await limiter.reserve("k", { cost: 3 });
    expect(late.source).toBe("lease");
    rig.clock.ms += 10_000;
    await late.settle(0);
    expect(known(await other.peek("k")).remaining).toBe(1000);
  });

  test("costs: single dear calls do not ask for many of their kind", async () => {
    const rig = rigOf();
    const limiter = rig.isolate();
    await calls(rig, limiter, 60);
    rig.clock.ms += MAX_MS - MARGIN_MS;
    const before = known(await limiter.peek("k")).remaining;
    await limiter.consume("k", { cost: 20 });
    expect(before - known(await limiter.peek("k")).remaining).toBeLessThan(40);
  });
});

describe("several limiters", () => {
  function levels() {
    const rig = rigOf();
    const limiterOf = (name: string, limit: number) =>
      rig.isolate({ name, policies: [fixedWindow({ name, limit, window: "10 s" })] });
    const limiters = { org: limiterOf("org", 1000), user: limiterOf("user", 40) };
    return { rig, ...limiters, all: allOf(limiters) };
  }

  test("each takes ahead for itself, one request asks for all that have none", async () => {
    const { rig, all } = levels();
    const decisions = [];
    for (let i = 0; i < 30; i += 1) {
      decisions.push(await all.consume({ org: "acme", user: `u${i % 2}` }));
      rig.clock.ms += 10;
    }
    expect(decisions.every(({ allowed }) => allowed)).toBe(true);
    expect(rig.asked.length).toBeLessThan(20);
    expect(sources(decisions).at(-1)).toBe("lease+");
  });

  test("what one served goes back to where it was when another denies", async () => {
    const { rig, all, org } = levels();
    for (let i = 0; i < 39; i += 1) {
      await all.consume({ org: "acme", user: "u" });
      rig.clock.ms += 10;
    }
    await calls(rig, org, 60, "acme");
    const before = known(await org.peek("acme")).remaining;
    for (let i = 0; i < 10; i += 1) await all.consume({ org: "acme", user: "u" });
    // One call is left to the user.
    expect(before - known(await org.peek("acme")).remaining).toBe(1);
  });

  test("what was taken ahead while a call was under way stays when that is denied", async () => {
    const { rig, all, org } = levels();
    for (let i = 0; i < 40; i += 1)
      await rig
        .isolate({
          name: "user",
          policies: [fixedWindow({ name: "user", limit: 40, window: "10 s" })],
          leases: undefined,
        })
        .consume("u");
    await calls(rig, org, 60, "acme");
    const answer = rig.close();
    const denied = all.consume({ org: "acme", user: "u" });
    await new Promise((resolve) => setImmediate(resolve));
    // The others' answers come at once.
    rig.close()();
    rig.clock.ms += 5;
    while ((await org.consume("acme")).source === "lease");
    answer();
    expect(known(await denied)).toMatchObject({ allowed: false, level: "user" });
    // The first is the one that the denied call put back.
    expect(sources(await calls(rig, org, 3, "acme"))).toEqual(["lease+", "lease+", "lease+"]);
  });
});

describe("what does not go with leases says so", () => {
  const store = rigOf().store;
  const make = (policy: Parameters<typeof rigOf>[0], maxMs?: number) => () =>
    createLimiter({ name: "n", store, policies: policy ?? [], leases: leases(maxMs === undefined ? {} : { maxMs }) });

  test("a burst that is below twice what refills", () => {
    expect(make([tokenBucket({ name: "api", limit: 100, window: "1 s" })], 600)).toThrow(
      'leases.maxMs 600 is too long for the policy "api": its burst of 100 must be at least twice what refills in that time, 60',
    );
  });

  test("a log", () => {
    expect(make([slidingLog({ name: "exact", limit: 10, window: "1 m" })])).toThrow(
      'leases don\'t go with the algorithm of the policy "exact"',
    );
  });

  test.each([0, 99, 60_001, 1.5, Number.NaN])("maxMs %s", (maxMs) => {
    expect(() => leases({ maxMs })).toThrow("leases.maxMs must be a whole number from 100 to 60000");
  });

  test("what is no lease", () => {
    // @ts-expect-error: an object of options where leases(…) belongs
    expect(() => createLimiter({ name: "n", store, policies: [], leases: { maxMs: 500 } })).toThrow(
      "leases must be made by leases(), not an object",
    );
  });

  test("the burst is lower by what refills in the time of a lease", async () => {
    const limiter = rigOf().isolate();
    expect(known(await limiter.peek("k")).burst).toBe(100);
    expect(known(await limiter.peek("k", { limit: 3000 })).burst).toBe(50);
  });
});

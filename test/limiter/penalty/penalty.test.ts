import {
  allOf,
  calendar,
  createLimiter,
  type Decision,
  type DecisionEvent,
  fixedWindow,
  inFlight,
  type LimiterEvent,
  leases,
  memoryStore,
  type Penalty,
  parts,
  penalty,
  redisStore,
  regions,
  type Store,
  slidingLog,
  slidingWindow,
  tokenBucket,
} from "sluice";
import { ioredisClient } from "sluice/ioredis";
import { afterAll, describe, expect, inject, onTestFinished, test } from "vitest";
import type { LimiterOptions } from "../../../src/limiter/options.ts";
import { startPrivateRedis } from "../../../src/server/redis/private-redis.ts";
import { billed } from "../../support/billed.ts";
import { MIDNIGHT } from "../../support/clock.ts";
import { connect, lastingClientOf, uniqueName } from "../../support/redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const HOUR = 3_600_000;
const STORES: Record<string, () => Store> = {
  "in memory": () => memoryStore(),
  "in Redis": () => redisStore(lastingClientOf(redis)),
};
const HARD = penalty({ after: 3, within: "10 m", for: "1 h" });

type Options = Partial<LimiterOptions> & { readonly policies?: LimiterOptions["policies"] };

/** A limiter of two a minute, whose key is blocked for an hour after three denials. */
function rigOf(
  store: Store,
  { policies = [fixedWindow({ limit: 2, window: "1 m" })], ...options }: Options = {},
  hard: Penalty = HARD,
) {
  const clock = { time: MIDNIGHT };
  const events: LimiterEvent[] = [];
  const limiter = createLimiter({
    name: uniqueName(),
    store,
    policies: [...policies, hard] as [Penalty],
    now: () => clock.time,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const said = async (answer: Promise<Decision>) => {
    const { allowed, policy } = await answer;
    return allowed ? "yes" : policy;
  };
  const consume = async (many: number, key = "a") => {
    const all: string[] = [];
    for (let n = 0; n < many; n += 1) all.push(await said(limiter.consume(key)));
    return all;
  };
  const operations = () => events.filter((event): event is DecisionEvent => event.type === "decision");
  const asks = () => events.filter(({ type }) => type === "store").length;
  return { clock, limiter, consume, said, operations, asks };
}

const Q = "2-per-1m";

describe.each(Object.entries(STORES))("%s", (_name, storeOf) => {
  test("after so many denials all is denied for that time, and then admitted again", async () => {
    const { clock, limiter, operations } = rigOf(storeOf());
    const told: (string | number)[] = [];
    for (let n = 0; n < 6; n += 1) {
      const decision: Decision = await limiter.consume("a");
      told.push(decision.allowed ? "yes" : decision.policy, decision.retryAfterMs);
      clock.time += 1000;
    }
    expect(told).toEqual(["yes", 0, "yes", 0, Q, 58_000, Q, 57_000, "blocked", HOUR, "blocked", HOUR - 1000]);
    const until = MIDNIGHT + 4000 + HOUR;
    expect(await limiter.peek("a")).toEqual({
      allowed: false,
      policy: "blocked",
      blockedUntil: until,
      retryAfterMs: HOUR - 2000,
      delayMs: 0,
      source: "penalty",
    });
    expect((await limiter.peek("b")).allowed).toBe(true);
    const blocks = operations().filter(({ operation }) => operation === "block");
    expect(blocks).toMatchObject([
      { key: "a", decision: { policy: "blocked", blockedUntil: until, retryAfterMs: HOUR } },
    ]);
    clock.time = until - 1;
    expect((await limiter.consume("a")).allowed).toBe(false);
    clock.time = until;
    expect((await limiter.consume("a")).allowed).toBe(true);
  });

  test("strikes count within their time alone", async () => {
    const { clock, consume } = rigOf(storeOf());
    expect(await consume(4)).toEqual(["yes", "yes", Q, Q]);
    clock.time += 600_000;
    expect(await consume(4)).toEqual(["yes", "yes", Q, Q]);
    expect(await consume(1)).toEqual(["blocked"]);
  });

  test("a peek, a wait, what is booked and a call that says so are no strikes", async () => {
    const { limiter, consume, said } = rigOf(storeOf());
    await consume(2);
    for (let n = 0; n < 5; n += 1) {
      expect(await said(limiter.peek("a"))).toBe(Q);
      expect(await said(limiter.wait("a", { timeoutMs: 0 }))).toBe(Q);
      expect(await said(limiter.consume("a", { strikes: false }))).toBe(Q);
      expect(await said(limiter.charge("a", 1))).toBe("yes");
      expect(await said(limiter.consume("a", { limit: 0 }))).toBe(Q);
    }
    expect(await consume(2)).toEqual([Q, Q]);
    expect(await said(limiter.reserve("a"))).toBe("blocked");
  });

  test("what is blocked can still be booked and given back, and that pardons nobody", async () => {
    const { limiter, consume, said, clock } = rigOf(storeOf());
    await consume(5);
    expect(await said(limiter.refund("a", 2))).toBe("yes");
    expect(await said(limiter.charge("a", 1))).toBe("yes");
    expect(await consume(1)).toEqual(["blocked"]);
    clock.time += HOUR;
    expect(await consume(2)).toEqual(["yes", "yes"]);
  });

  test("reset pardons, strikes and blocks", async () => {
    const { limiter, consume } = rigOf(storeOf());
    await consume(4);
    await limiter.reset("a");
    expect(await consume(5)).toEqual(["yes", "yes", Q, Q, "blocked"]);
    await limiter.reset("a");
    expect(await consume(3)).toEqual(["yes", "yes", Q]);
  });

  test("block blocks from now on, never for less than before; all get that answer", async () => {
    const { limiter, consume, operations, clock } = rigOf(storeOf());
    const decision = await limiter.block("a", "2 h");
    expect(decision).toMatchObject({ policy: "blocked", blockedUntil: MIDNIGHT + 2 * HOUR, retryAfterMs: 2 * HOUR });
    expect(await limiter.block("a", "1 h")).toEqual(decision);
    expect(operations().map(({ operation }) => operation)).toEqual(["block", "block"]);
    expect(await consume(1)).toEqual(["blocked"]);
    clock.time += 2 * HOUR;
    expect(await consume(1)).toEqual(["yes"]);
  });

  test("who is not counted may be blocked, too", async () => {
    const { limiter, said } = rigOf(storeOf());
    const unlimited = () => said(limiter.consume("a", { limit: Infinity }));
    expect(await unlimited()).toBe("yes");
    await limiter.block("a", "1 h");
    expect(await unlimited()).toBe("blocked");
  });

  test("the wait told is that of the quota where that has no room behind the block", async () => {
    const hard = penalty({ after: 1, within: "1 m", for: "5 s" });
    const { limiter } = rigOf(storeOf(), {}, hard);
    await limiter.charge("a", 2);
    expect(await limiter.consume("a")).toMatchObject({ policy: "blocked", retryAfterMs: 60_000 });
    expect(await limiter.consume("b", { cost: 3 })).toMatchObject({ policy: "blocked", retryAfterMs: Infinity });
  });

  test("blocks grow by the factor up to the most, and a step is forgotten for each time without one", async () => {
    const hard = penalty({ after: 1, within: "10 m", for: "1 m", factor: 3, most: "5 m" });
    const { clock, limiter } = rigOf(storeOf(), {}, hard);
    const lengths: number[] = [];
    const strike = async (laterMs: number) => {
      clock.time += laterMs;
      const { retryAfterMs } = await limiter.consume("a", { cost: 2, limit: 1 });
      const peek = await limiter.peek("a");
      const length = peek.source === "penalty" ? peek.blockedUntil - clock.time : 0;
      expect(retryAfterMs).toBe(Infinity);
      lengths.push(length / 60_000);
      clock.time += length;
    };
    for (const minutes of [0, 0, 0, 9, 10, 20, 29]) await strike(minutes * 60_000);
    expect(lengths).toEqual([1, 3, 5, 5, 3, 1, 1]);
  });

  test("its numbers may change, and it may come later, without anything lost", async () => {
    const store = storeOf();
    const name = uniqueName();
    const policies = [fixedWindow({ name: "q", limit: 2, window: "1 m" })];
    const now = () => MIDNIGHT;
    const before = createLimiter({ name, store, policies, now });
    await before.consume("a");
    // Another version of the program: another store object on the same database; in memory there is no other.
    const later = store.remote ? redisStore(lastingClientOf(redis)) : store;
    const own = store.remote ? name : uniqueName();
    const penal = (after: number) =>
      createLimiter({
        name: own,
        store: store.remote ? redisStore(lastingClientOf(redis)) : later,
        policies: [...policies, penalty({ after, within: "1 h", for: "1 h" })],
        now,
      });
    const first = penal(9);
    if (!store.remote) await first.consume("a");
    expect((await first.consume("a")).allowed).toBe(true);
    for (let n = 0; n < 3; n += 1) expect((await first.consume("a")).policy).toBe("q");
    expect((await penal(4).consume("a")).policy).toBe("blocked");
  });

  test.each([
    ["two counters", [slidingWindow({ name: "q", limit: 2, window: "1 m" })]],
    [
      "a window of the calendar",
      [fixedWindow({ name: "q", limit: 2, window: calendar("1 day", { timeZone: "UTC" }) })],
    ],
    ["a bucket", [tokenBucket({ name: "q", limit: 2, window: "1 m" })]],
    ["parts", [slidingWindow({ name: "q", limit: 2, window: "1 m", parts: parts(4) })]],
    [
      "several policies",
      [tokenBucket({ name: "q", limit: 2, window: "1 m" }), fixedWindow({ name: "r", limit: 9, window: "1 d" })],
    ],
  ])("with %s", async (_policies, policies) => {
    const { clock, consume, limiter } = rigOf(storeOf(), { policies });
    expect(await consume(6)).toEqual(["yes", "yes", "q", "q", "blocked", "blocked"]);
    expect(await limiter.peek("a")).toMatchObject({ source: "penalty", blockedUntil: MIDNIGHT + HOUR });
    clock.time += 24 * HOUR;
    expect(await consume(3)).toEqual(["yes", "yes", "q"]);
    const blockedUntil = clock.time + 2 * HOUR;
    expect(await limiter.block("a", "2 h")).toMatchObject({ source: "penalty", blockedUntil });
    expect(await consume(1)).toEqual(["blocked"]);
    expect(await limiter.peek("a")).toMatchObject({ source: "penalty", blockedUntil });
    // Who has been counted alone is blocked in a combination, too, which says whose block it is.
    const combined = await allOf({ own: limiter }).peek({ own: "a" });
    expect(combined).toMatchObject({ allowed: false, level: "own", source: "penalty", blockedUntil });
    await limiter.reset("a");
    expect(await consume(1)).toEqual(["yes"]);
  });

  test("of several limiters each has its own strikes: another level's denial is none, and a block of one denies all", async () => {
    const store = storeOf();
    const clock = { time: MIDNIGHT };
    const of = (limit: number, hard: readonly Penalty[]) =>
      createLimiter({
        name: uniqueName(),
        store,
        policies: [fixedWindow({ name: "q", limit, window: "1 m" }), ...hard],
        now: () => clock.time,
      });
    const [strict, lax, plain] = [of(2, [HARD]), of(4, [HARD]), of(9, [])];
    const all = allOf({ plain, strict, lax });
    const keys = { plain: "p", strict: "s", lax: "l" };
    const told: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      const decision = await all.consume(keys);
      told.push(decision.allowed ? "yes" : `${decision.level} ${decision.policy}`);
    }
    expect(told).toEqual(["yes", "yes", "strict q", "strict q", "strict blocked", "strict blocked"]);
    // Nothing was taken of the others, and they have no strikes.
    const others = await Promise.all([plain.peek("p"), lax.peek("l")]);
    expect(others.map((peek) => "policies" in peek && peek.remaining)).toEqual([7, 2]);
    expect((await all.consume({ ...keys, strict: "t" })).allowed).toBe(true);
    clock.time += 60_000;
    for (let n = 0; n < 4; n += 1) await lax.consume("l");
    for (let n = 0; n < 2; n += 1) expect((await lax.consume("l")).policy).toBe("q");
    const last = await all.consume({ ...keys, strict: "u" });
    expect([last.allowed, last.policy, last.source, "level" in last && last.level]).toEqual([
      false,
      "blocked",
      "penalty",
      "lax",
    ]);
    expect((await strict.peek("u")).allowed).toBe(true);
  });
});

describe("in Redis", () => {
  const store = () => redisStore(lastingClientOf(redis));

  test("until the block each denial reaches the store, and then none does, where the isolate knows", async () => {
    const { consume, asks, limiter } = rigOf(store());
    await consume(5);
    expect(asks()).toBe(5);
    await consume(10);
    await limiter.peek("a");
    expect(asks()).toBe(5);
  });

  test("another isolate learns of the block with its first call, and of a pardon when its snapshot ends", async () => {
    const shared = store();
    const name = uniqueName();
    const one = rigOf(shared, { name });
    const other = rigOf(store(), { name });
    await one.consume(5);
    expect(await other.consume(3)).toEqual(["blocked", "blocked", "blocked"]);
    expect(other.asks()).toBe(1);
    await one.limiter.reset("a");
    expect(await one.consume(1)).toEqual(["yes"]);
    other.clock.time += 4999;
    expect(await other.consume(1)).toEqual(["blocked"]);
    other.clock.time += 1;
    expect(await other.consume(1)).toEqual(["yes"]);
  });

  test("without snapshots every call asks", async () => {
    const { consume, asks } = rigOf(store(), { snapshots: false });
    await consume(8);
    expect(asks()).toBe(8);
  });

  test("by the clock of Redis", async () => {
    const { consume, limiter } = rigOf(redisStore(lastingClientOf(redis), { clock: "redis" }), {
      policies: [fixedWindow({ limit: 2, window: "1 d" })],
    });
    expect(await consume(6)).toEqual(["yes", "yes", "2-per-1d", "2-per-1d", "blocked", "blocked"]);
    const { retryAfterMs } = await limiter.peek("a");
    expect(retryAfterMs).toBeGreaterThan(HOUR - 60_000);
  });

  test("failure modes: what is known denies, else the mode answers; in memory the isolate counts strikes, too", async () => {
    const gone = {
      evalsha: () => Promise.reject(new Error("gone")),
      eval: () => Promise.reject(new Error("gone")),
      del: async () => {},
    };
    const open = rigOf(redisStore(gone), { breaker: false });
    expect(await open.said(open.limiter.consume("a"))).toBe("yes");
    await expect(open.limiter.block("a", "1 h")).rejects.toThrow("Redis could not be reached");
    const memory = rigOf(redisStore(gone), { failureMode: "memory", breaker: false });
    expect(await memory.consume(6)).toEqual(["yes", "yes", Q, Q, "blocked", "blocked"]);
    expect(await memory.limiter.peek("a")).toMatchObject({ source: "penalty", error: { kind: "network" } });
  });

  test("with leases: units held are served, denials strike and reach the store, and a block ends what is held", async () => {
    const name = uniqueName();
    const shared = store();
    const options = {
      name,
      policies: [tokenBucket({ name: "q", limit: 6000, window: "1 m", burst: 400 })],
      leases: leases({ maxMs: 1000 }),
    };
    const one = rigOf(shared, options);
    const other = rigOf(store(), options);
    const run = async (rig: typeof one, many: number, stepMs: number) => {
      const sources: string[] = [];
      for (let n = 0; n < many; n += 1) {
        const { allowed, source } = await rig.limiter.consume("a");
        sources.push(`${source}${allowed ? "+" : "-"}`);
        one.clock.time += stepMs;
        other.clock.time = one.clock.time;
      }
      return sources;
    };
    const before = await run(one, 100, 10);
    expect(before).toContain("lease+");
    expect(before.filter((source) => source.endsWith("-"))).toEqual([]);
    const blockedAt = one.clock.time;
    await other.limiter.block("a", "1 h");
    const after = await run(one, 200, 10);
    const served = after.filter((source) => source.endsWith("+"));
    // What it held it may spend, for no longer than leases last.
    expect(after.lastIndexOf("lease+") * 10).toBeLessThan(1000);
    expect(served.every((source) => source === "lease+")).toBe(true);
    expect(after.at(-1)).toBe("penalty-");
    expect(one.clock.time).toBe(blockedAt + 2000);
    await one.limiter.reset("a");
    // Denials of a limiter with leases are strikes at once: no pause answers for them.
    const dry = rigOf(shared, { ...options, name: uniqueName() });
    const denied = (await dry.consume(420)).filter((said) => said !== "yes");
    expect(denied.slice(0, 4)).toEqual(["q", "q", "blocked", "blocked"]);
  });

  test("an admitted call bills 3 commands, a denial that strikes 3, one of a blocked key 2 or none", async () => {
    // A server of its own: it counts commands.
    const server = await startPrivateRedis();
    const redis = await connect(server.url);
    onTestFinished(async () => {
      redis.disconnect();
      await server.stop();
    });
    const own = redisStore(ioredisClient(redis));
    const name = uniqueName();
    const one = rigOf(own, { name, now: () => Date.now() });
    await one.limiter.peek("z");
    const other = rigOf(own, { name, now: () => Date.now() });
    expect(await billed(redis, () => one.consume(1))).toEqual({ evalsha: 1, get: 1, set: 1 });
    await one.consume(1);
    expect(await billed(redis, () => one.consume(1))).toEqual({ evalsha: 1, get: 1, set: 1 });
    await one.consume(2);
    expect(await billed(redis, () => other.consume(1))).toEqual({ evalsha: 1, get: 1 });
    expect(await billed(redis, () => other.consume(10))).toEqual({});
  });
});

test("beside work in flight, in one verdict: a block takes no place, and a full one is no strike", async () => {
  const store = redisStore(lastingClientOf(redis));
  const now = () => MIDNIGHT;
  const jobs = createLimiter({ name: uniqueName(), store, policies: [inFlight({ limit: 1, hold: "1 h" })], now });
  const calls = createLimiter({
    name: uniqueName(),
    store,
    policies: [fixedWindow({ name: "q", limit: 2, window: "1 m" }), HARD],
    now,
  });
  const all = allOf({ jobs, calls });
  const keys = { jobs: "j", calls: "c" };
  const told: string[] = [];
  const hold = async () => {
    const held = await all.hold(keys);
    told.push(held.allowed ? "yes" : `${held.level} ${held.policy}`);
    return held;
  };
  const first = await hold();
  for (let n = 0; n < 5; n += 1) await hold();
  await first.release();
  const second = await hold();
  await second.release();
  for (let n = 0; n < 4; n += 1) await hold();
  const full = "jobs 1-in-flight";
  expect(told).toEqual([
    "yes",
    full,
    full,
    full,
    full,
    full,
    "yes",
    "calls q",
    "calls q",
    "calls blocked",
    "calls blocked",
  ]);
  expect((await jobs.peek("j")).allowed).toBe(true);
});

describe("misuse", () => {
  const options = { after: 3, within: "1 m", for: "1 h" } as const;
  test.each([
    [{ ...options, after: 0 }, "after must be a whole number from 1 to 100"],
    [{ ...options, after: 101 }, "after must be a whole number from 1 to 100"],
    [{ ...options, within: "soon" }, "within must be"],
    [{ ...options, for: 0 }, "for must be"],
    [{ ...options, factor: 1.5 }, "factor must be a whole number from 1 to 100"],
    [{ ...options, most: "1 m" }, "most must be at least as long as for"],
  ])("%j", (wrong, message) => {
    expect(() => penalty(wrong as typeof options)).toThrow(message);
  });

  test("what it does not go with", () => {
    const of =
      (policies: readonly unknown[], store: Store = memoryStore()) =>
      () =>
        createLimiter({ name: "a", store, policies: policies as [Penalty] });
    expect(of([slidingLog({ limit: 1, window: 1 }), HARD])).toThrow("neither slidingLog nor inFlight");
    expect(of([inFlight({ limit: 1, hold: 1 }), HARD])).toThrow("neither slidingLog nor inFlight");
    expect(of([HARD])).toThrow("a list of 1 to 8 policies");
    expect(of([fixedWindow({ limit: 1, window: 1 }), HARD, penalty(options)])).toThrow("one penalty at most");
    expect(of([fixedWindow({ limit: 1, window: 1 }), HARD, HARD])).toThrow("one penalty at most");
    const own = redisStore(lastingClientOf(redis));
    const split = regions({ near: "fra", stores: { fra: own, iad: redisStore(lastingClientOf(redis)) } });
    expect(of([fixedWindow({ limit: 10, window: 1000 }), HARD], split)).toThrow("doesn't go with regions");
    const { run: _run, ...alone } = redisStore(lastingClientOf(redis));
    expect(of([fixedWindow({ limit: 1, window: 1 }), HARD], alone)).toThrow("runs scripts on several keys");
    const store = memoryStore();
    of([fixedWindow({ limit: 1, window: 1 })], store)();
    expect(of([fixedWindow({ limit: 1, window: 1 }), HARD], store)).toThrow("stands for other policies");
  });
});

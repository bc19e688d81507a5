import { describe, expect, test } from "vitest";
import { calendar } from "../../../src/algorithm/calendar.ts";
import { parts } from "../../../src/algorithm/parts.ts";
import { fixedWindow, type Policy, slidingWindow, tokenBucket } from "../../../src/algorithm/policy.ts";
import { anyOf } from "../../../src/limiter/any-of.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import { regions } from "../../../src/limiter/regions/regions.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { clockAt } from "../../support/clock.ts";
import { known } from "../../support/known.ts";
import { randomFrom } from "../../support/random.ts";
import { rigOf } from "./rig.ts";

describe("one unit", () => {
  test("from the nearest, then from the next, and denied when all are exhausted", async () => {
    const { isolate, taken } = rigOf();
    const limiter = isolate({ near: "iad" });
    const givers: string[] = [];
    for (let i = 0; i < 10; i += 1) {
      const decision = known(await limiter.consume("ada"));
      expect(decision).toMatchObject({ allowed: true, limit: 10, burst: 10, source: "store" });
      givers.push(...Object.keys(decision.regions ?? {}));
    }
    // 10 over fra, iad and syd is 4, 3 and 3.
    expect(givers.join(" ")).toBe("iad iad iad fra fra fra fra syd syd syd");
    // The third and the seventh left nothing in their region, which this isolate knows.
    expect(taken()).toEqual(givers);
    expect(await limiter.consume("ada")).toMatchObject({
      allowed: false,
      source: "snapshot",
      remaining: 0,
      regions: {},
    });
    expect(taken()).toEqual([]);
  });

  test("an order of the nearest, and a function of the key", async () => {
    const { isolate } = rigOf();
    const giver = async (near: Parameters<typeof isolate>[0], key: string) =>
      Object.keys(known(await isolate(near).consume(key)).regions ?? {}).join();
    expect(await giver({ near: ["syd", "iad"] }, "a")).toBe("syd");
    expect(await giver({ near: (key) => (key === "b" ? "iad" : undefined) }, "b")).toBe("iad");
    expect(await giver({ near: (key) => (key === "b" ? "iad" : undefined) }, "c")).toBe("fra");
  });

  test("a home holds all of a key's quota, and the others are never asked", async () => {
    const { isolate, asked } = rigOf();
    const limiter = isolate({ near: "iad", shares: () => ({ fra: 1 }) });
    for (let i = 0; i < 10; i += 1) expect(await limiter.consume("ada")).toMatchObject({ allowed: true });
    expect(await limiter.consume("ada")).toMatchObject({ allowed: false });
    expect(new Set(asked)).toEqual(new Set(["fra"]));
  });

  test("isolates that list the stores in different orders count in the same shares", async () => {
    const { stores, clock } = rigOf();
    const policies = [fixedWindow({ name: "p", limit: 10, window: "1 m" })];
    const { fra, iad, syd } = stores;
    const one = createLimiter({
      name: "x",
      policies,
      now: clock.now,
      store: regions({ near: "fra", stores: { fra, iad, syd } }),
    });
    const other = createLimiter({
      name: "x",
      policies,
      now: clock.now,
      store: regions({ near: "syd", stores: { syd, iad, fra } }),
    });
    let admitted = 0;
    for (let i = 0; i < 30; i += 1) if ((await (i % 2 ? one : other).consume("k")).allowed) admitted += 1;
    expect(admitted).toBe(10);
  });

  test("what is exhausted is known by snapshots alone", async () => {
    const { isolate, taken } = rigOf();
    const here = isolate();
    for (let i = 0; i < 4; i += 1) await here.consume("ada");
    const there = isolate();
    taken();
    await there.consume("ada");
    expect(taken()).toEqual(["fra", "iad"]);
    await there.consume("ada");
    expect(taken()).toEqual(["iad"]);
  });
});

const KINDS: Record<string, (limit: number, burst: number) => Policy> = {
  bucket: (limit, burst) => tokenBucket({ name: "p", limit, burst, window: "10 s" }),
  fixed: (limit) => fixedWindow({ name: "p", limit, window: "10 s" }),
  sliding: (limit) => slidingWindow({ name: "p", limit, window: "10 s" }),
  parts: (limit) => slidingWindow({ name: "p", limit, window: "10 s", parts: parts(5) }),
  calendar: (limit) => fixedWindow({ name: "p", limit, window: calendar("1 day") }),
};

describe.each(Object.keys(KINDS))("%s, by random steps", (kind) => {
  test.each(["memory", "remote"] as const)(
    "in %s stores: admits what all regions have between them, and no wait is wrong",
    async (where) => {
      const { next: random } = randomFrom(kind.length * 31 + where.length);
      const upTo = (most: number) => 1 + Math.floor(random() * most);
      for (let world = 0; world < 12; world += 1) {
        // What other isolates took since is not in a snapshot's numbers.
        const isExact = world % 2 === 0 || where === "memory";
        const policy = (KINDS[kind] as (typeof KINDS)[string])(upTo(20), upTo(20));
        const rig = rigOf([policy]);
        const memory = { fra: memoryStore(), iad: memoryStore(), syd: memoryStore() };
        const stores = where === "memory" ? memory : rig.stores;
        const { clock } = rig;
        const shares = { fra: upTo(4), iad: Math.floor(random() * 4), syd: Math.floor(random() * 4) };
        const limiterNear = (near: "fra" | "iad" | "syd") =>
          createLimiter({
            name: "r",
            store: regions({ near, stores, shares }),
            policies: [policy],
            now: clock.now,
            snapshots: !isExact,
          });
        const limiters = [limiterNear("fra"), limiterNear("iad"), limiterNear("syd")];
        // One that knows nothing asks the regions for what they have.
        const all = createLimiter({
          name: "r",
          store: regions({ near: "fra", stores, shares }),
          policies: [policy],
          now: clock.now,
          snapshots: false,
        });
        for (let i = 0; i < 60; i += 1) {
          clock.ms += Math.floor(random() ** 3 * 3000);
          const cost = random() < 0.5 ? 1 : upTo(policy.burst + 1);
          const limiter = limiters[Math.floor(random() * 3)] as (typeof limiters)[number];
          const free = await most(all, policy.burst);
          const decision = known(await limiter.consume("k", { cost }));
          const text = `${kind} ${policy.limit}/${policy.burst} ${JSON.stringify(shares)} cost ${cost}, free ${free}: ${JSON.stringify(decision)}`;
          expect(decision.allowed, text).toBe(cost <= free);
          if (isExact) expect(decision.remaining, text).toBeLessThanOrEqual(decision.allowed ? free - cost : free);
          const given = Object.values(decision.regions ?? {}).reduce((sum, { units }) => sum + (units[0] as number), 0);
          expect(given, text).toBe(decision.allowed ? cost : 0);
          if (decision.allowed || !isExact) continue;
          expect(decision.retryAfterMs === Infinity, text).toBe(cost > policy.burst);
          if (decision.retryAfterMs === Infinity || random() < 0.5) continue;
          clock.ms += decision.retryAfterMs - 1;
          if (kind !== "parts") expect(await most(all, policy.burst), `${text}, a ms before`).toBeLessThan(cost);
          clock.ms += 1;
          expect(await most(all, policy.burst), `${text}, then`).toBeGreaterThanOrEqual(cost);
        }
      }
    },
  );
});

/** The highest cost that would pass. */
async function most({ peek }: ReturnType<typeof createLimiter>, burst: number): Promise<number> {
  let cost = 0;
  while (cost < burst && (await peek("k", { cost: cost + 1 })).allowed) cost += 1;
  return cost;
}

describe("several policies", () => {
  test("a region takes the cost of all or of none; what no region has alone is taken policy by policy", async () => {
    const requests = fixedWindow({ name: "requests", limit: 6, window: "1 m" });
    const tokens = fixedWindow({ name: "tokens", limit: 300, window: "1 m" });
    const { isolate } = rigOf([requests, tokens]);
    const limiter = isolate();
    const decision = known(await limiter.consume("ada", { cost: { requests: 1, tokens: 250 } }));
    expect(decision).toMatchObject({
      allowed: true,
      regions: { fra: { units: [1, 84] }, iad: { units: [0, 83] }, syd: { units: [0, 83] } },
    });
    expect(decision.policies.map(({ remaining }) => remaining)).toEqual([5, 50]);
    const denied = known(await limiter.consume("ada", { cost: { requests: 1, tokens: 51 } }));
    expect(denied).toMatchObject({ allowed: false, policy: "tokens", remaining: 50, retryAfterMs: 60_000 });
  });

  test("a call's own limits are split as the policies are", async () => {
    const { isolate } = rigOf();
    const limiter = isolate();
    let admitted = 0;
    for (let i = 0; i < 60; i += 1) if ((await limiter.consume("ada", { limit: 40 })).allowed) admitted += 1;
    expect(admitted).toBe(40);
    expect(await limiter.consume("bob", { limit: 0 })).toMatchObject({ allowed: false, source: "snapshot" });
    expect(await limiter.consume("bob", { limit: Infinity })).toMatchObject({ allowed: true });
  });
});

describe("in anyOf", () => {
  test("a member on regions shares its snapshots and gives back to whoever took", async () => {
    const { isolate, taken } = rigOf();
    const clock = clockAt();
    const quota = isolate();
    const credits = createLimiter({
      name: "credits",
      store: memoryStore(),
      policies: [fixedWindow({ limit: 5, window: "1 h" })],
      now: clock.now,
    });
    const limits = anyOf([quota, credits]);
    for (let i = 0; i < 10; i += 1) expect(await limits.consume("ada")).toMatchObject({ allowed: true, member: 0 });
    taken();
    expect(await quota.consume("ada")).toMatchObject({ allowed: false, source: "snapshot" });
    expect(await limits.consume("ada")).toMatchObject({ allowed: true, member: 1 });
    expect(taken()).toEqual([]);
  });
});

import { afterAll, describe, expect, inject, test } from "vitest";
import { type Policy, tokenBucket } from "../../src/algorithm/policy.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { redisStore } from "../../src/store/redis.ts";
import { clockAt } from "../support/clock.ts";
import { known } from "../support/known.ts";
import { ALGORITHMS, COUNTERS, PLAIN } from "../support/policies.ts";
import { connect, uniqueName } from "../support/redis.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const HOUR_MS = 3_600_000;
const WINDOW_MS = 10_000;
const LIMIT = 20;
const LONG_MS = 100 * 24 * HOUR_MS;
const setsOf = (window: number): Record<string, Policy[]> => ({
  ...Object.fromEntries(Object.entries(ALGORITHMS).map(([name, make]) => [name, [make({ limit: LIMIT, window })]])),
  "policy set": Object.entries(PLAIN).map(([name, make]) => make({ name, limit: LIMIT, window })),
  "set with parts": Object.entries(COUNTERS).map(([name, make]) => make({ name, limit: LIMIT, window })),
});
const SETS = setsOf(WINDOW_MS);

/** Windows shorter than the second of grace, and a bucket that takes longer than its window to fill. */
const SHORT: Record<string, Policy[]> = {
  ...Object.fromEntries(
    Object.entries(COUNTERS).map(([name, make]) => [`short ${name}`, [make({ limit: LIMIT, window: 50 })]]),
  ),
  "bucket with a large burst": [tokenBucket({ limit: 5, window: 1000, burst: 15 })],
};

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

describe.each(Object.entries(SETS))("%s", (name, policies) => {
  /** When the others get through in eight windows, with one call of cost 1 every 50 ms, and what all get together. */
  async function admitted(start: number, skewMs: number, skewed: { cost: number; everyMs: number }) {
    const clock = clockAt();
    clock.ms += start;
    const store = simulatedRedis(clock.now);
    const wrong = createLimiter({ name: "test", store, policies, now: () => clock.ms + skewMs });
    const right = createLimiter({ name: "test", store, policies, now: clock.now });
    const times: number[] = [];
    let taken = 0;
    for (let ms = 0; ms < 8 * WINDOW_MS; ms += 50) {
      if (ms % skewed.everyMs === 0) {
        const { allowed } = await wrong.consume("k", { cost: skewed.cost });
        if (allowed) taken += skewed.cost;
      }
      if ((await right.consume("k")).allowed) times.push(ms);
      clock.ms += 50;
    }
    return { times, total: taken + times.length };
  }

  test.each([
    ["ahead", HOUR_MS],
    ["behind", -HOUR_MS],
  ])("an isolate an hour %s that takes all once costs the others at most one window", async (_word, skewMs) => {
    for (const start of [0, 1, 4000, 9999]) {
      const once = { cost: LIMIT, everyMs: 8 * WINDOW_MS };
      const { times: fair } = await admitted(start, 0, once);
      const { times: skewed } = await admitted(start, skewMs, once);
      expect(fair.length - skewed.length).toBeLessThanOrEqual(LIMIT);
      expect((skewed[0] ?? Infinity) - (fair[0] ?? 0)).toBeLessThanOrEqual(WINDOW_MS);
      // Healed: from then on the others get a whole limit per window.
      const late = skewed.filter((ms) => ms >= 4 * WINDOW_MS);
      expect(late.length).toBeGreaterThanOrEqual(3 * LIMIT);
    }
  });

  test.each([
    ["1 s ahead", 1000],
    ["1 s behind", -1000],
    ["an hour behind", -HOUR_MS],
  ])(
    "an isolate %s that goes on asking neither adds nor takes more than one window of what all get",
    async (_word, skewMs) => {
      const some = { cost: 1, everyMs: 1000 };
      const fair = await admitted(0, 0, some);
      const skewed = await admitted(0, skewMs, some);
      expect(Math.abs(fair.total - skewed.total)).toBeLessThanOrEqual(LIMIT);
    },
  );

  test("time never runs backwards: a clock that is set back refills nothing", async () => {
    const clock = clockAt();
    const limiter = createLimiter({
      name: "test",
      store: simulatedRedis(clock.now),
      policies,
      now: clock.now,
      snapshots: false,
    });
    await limiter.consume("k", { cost: LIMIT });
    for (const back of [1, 999, WINDOW_MS]) {
      clock.ms -= back;
      const { allowed, retryAfterMs } = await limiter.consume("k");
      expect(allowed).toBe(false);
      expect(retryAfterMs).toBeGreaterThan(0);
    }
  });

  test("a call that is overtaken on its way does not make the state expire before it is whole", async () => {
    const clock = clockAt();
    const store = simulatedRedis(clock.now);
    const isolate = (lateMs: number) =>
      createLimiter({ name: "test", store, policies, now: () => clock.ms - lateMs, snapshots: false });
    clock.ms += 1;
    await isolate(0).consume("k", { cost: LIMIT - 1 });
    expect(await isolate(1).consume("k")).toMatchObject({ allowed: true });
    const { resetAfterMs } = known(await isolate(0).peek("k"));
    clock.ms += resetAfterMs - 1;
    expect(await isolate(0).peek("k")).toMatchObject({ resetAfterMs: 1 });
  });

  test("an isolate far behind is told to wait no longer than until the others' state has expired", async () => {
    const clock = clockAt();
    const store = simulatedRedis(clock.now);
    const right = createLimiter({ name: "test", store, policies, now: clock.now });
    const behind = createLimiter({ name: "test", store, policies, now: () => clock.ms - HOUR_MS });
    await right.consume("k", { cost: LIMIT });
    const answer = known(await behind.consume("k", { cost: LIMIT }));
    expect(answer.allowed).toBe(false);
    expect(answer.retryAfterMs).toBeLessThanOrEqual(3 * WINDOW_MS);
    clock.ms += answer.retryAfterMs;
    expect(await behind.consume("k", { cost: LIMIT })).toMatchObject({ allowed: true });
  });

  test("by the clock of Redis, isolates' clocks make no difference", async () => {
    const prefix = uniqueName();
    const store = redisStore(ioredisClient(redis), { clock: "redis" });
    // No test sets that clock: windows as long as a summer hardly ever end between two calls.
    const long = setsOf(LONG_MS)[name] as Policy[];
    const at = (offsetMs: number) =>
      createLimiter({ store, policies: long, name: prefix, now: () => Date.now() + offsetMs });
    const [early, exact, late] = [at(-HOUR_MS), at(0), at(HOUR_MS)];
    expect(await late.consume("k", { cost: LIMIT - 1 })).toMatchObject({ allowed: true, source: "store" });
    const denied = known(await early.consume("k", { cost: LIMIT }));
    expect(denied).toMatchObject({ allowed: false, source: "store" });
    expect(denied.retryAfterMs).toBeGreaterThan(0);
    expect(denied.retryAfterMs).toBeLessThanOrEqual(2 * LONG_MS);
    for (const limiter of [early, late]) {
      const again = known(await limiter.consume("k", { cost: LIMIT }));
      expect(again.allowed).toBe(false);
      expect(again.retryAfterMs).toBeLessThanOrEqual(denied.retryAfterMs);
    }
    expect(await early.consume("k", { cost: LIMIT })).toMatchObject({ allowed: false, source: "snapshot" });
    await exact.reset("k");
    expect(await exact.consume("k", { cost: LIMIT })).toMatchObject({ allowed: true });
  });
});

test("by the clock of Redis, a denied call passes by itself within its retryAfterMs", async () => {
  const store = redisStore(ioredisClient(redis), { clock: "redis" });
  const policies = [(COUNTERS["token bucket"] as (typeof COUNTERS)[string])({ limit: 20, window: "1 s" })];
  const limiter = createLimiter({ store, policies, name: uniqueName(), now: () => performance.now() });
  await limiter.consume("another");
  // Sent together, so that no token flows in between; half a bucket, which takes half a second.
  const [, denied] = await Promise.all([limiter.consume("k", { cost: 20 }), limiter.consume("k", { cost: 10 })]);
  expect(denied.allowed).toBe(false);
  expect(denied.retryAfterMs).toBeLessThanOrEqual(500);
  await expect.poll(async () => (await limiter.consume("k", { cost: 10 })).allowed, { interval: 5 }).toBe(true);
});

describe.each(Object.entries({ ...SETS, ...SHORT }))("%s", (_name, policies) => {
  test("below the second of grace a clock behind is told the very millisecond, and not an earlier one", async () => {
    for (const skewMs of [1, 40, 500, 999, 1000]) {
      const clock = clockAt();
      clock.ms += 3;
      const store = simulatedRedis(clock.now);
      const right = createLimiter({ name: "test", store, policies, now: clock.now });
      const behind = createLimiter({ name: "test", store, policies, now: () => clock.ms - skewMs, snapshots: false });
      const all = Object.fromEntries(policies.map(({ name, burst }) => [name, burst]));
      expect(await right.consume("k", { cost: all })).toMatchObject({ allowed: true });
      const { allowed, retryAfterMs, resetAfterMs } = known(await behind.consume("k"));
      expect(allowed).toBe(false);
      clock.ms += retryAfterMs - 1;
      expect(await behind.peek("k"), `${skewMs} ms behind, 1 ms early`).toMatchObject({ allowed: false });
      clock.ms += 1;
      expect(await behind.peek("k"), `${skewMs} ms behind`).toMatchObject({ allowed: true });
      clock.ms += resetAfterMs - retryAfterMs;
      expect(await behind.peek("k", { cost: all }), `${skewMs} ms behind, whole`).toMatchObject({ allowed: true });
    }
  });

  test("clocks more than a day apart don't switch a limit off: nobody gets more than with clocks that agree, and a window", async () => {
    const total = async (aheadMs: number) => {
      const clock = clockAt();
      const store = simulatedRedis(clock.now);
      const isolates = [0, aheadMs].map((ms) =>
        createLimiter({ name: "test", store, policies, now: () => clock.ms + ms, snapshots: false }),
      );
      let admitted = 0;
      for (let i = 0; i < 400; i += 1) {
        const { allowed } = await (isolates[i % 2] as Limiter).consume("k");
        if (allowed) admitted += 1;
        clock.ms += (policies[0] as Policy).windowMs / 100;
      }
      return admitted;
    };
    const most = Math.max(...policies.map(({ burst }) => burst));
    const fair = await total(0);
    for (const days of [0.5, 1, 2, 300]) expect(await total(days * 24 * HOUR_MS)).toBeLessThanOrEqual(fair + most);
  });
});

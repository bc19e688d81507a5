import { afterAll, describe, expect, inject, test } from "vitest";
import type { Policy } from "../../src/algorithm/policy.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { redisStore } from "../../src/store/redis.ts";
import { clockAt } from "../support/clock.ts";
import { known } from "../support/known.ts";
import { ALGORITHMS, COUNTERS } from "../support/policies.ts";
import { clientOf, connect, uniqueName } from "../support/redis.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const HOUR_MS = 3_600_000;
const WINDOW_MS = 10_000;
const LIMIT = 20;
const SETS: Record<string, Policy[]> = {
  ...Object.fromEntries(
    Object.entries(ALGORITHMS).map(([name, make]) => [name, [make({ limit: LIMIT, window: WINDOW_MS })]]),
  ),
  "policy set": Object.entries(COUNTERS).map(([name, make]) => make({ name, limit: LIMIT, window: WINDOW_MS })),
};

const redis = connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

describe.each(Object.entries(SETS))("%s", (_name, policies) => {
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
    const store = redisStore(clientOf(redis), { clock: "redis" });
    const at = (offsetMs: number) => createLimiter({ store, policies, name: prefix, now: () => Date.now() + offsetMs });
    const [early, exact, late] = [at(-HOUR_MS), at(0), at(HOUR_MS)];
    expect(await late.consume("k", { cost: LIMIT - 1 })).toMatchObject({ allowed: true, source: "store" });
    const denied = known(await early.consume("k", { cost: LIMIT }));
    expect(denied).toMatchObject({ allowed: false, source: "store" });
    expect(denied.retryAfterMs).toBeGreaterThan(0);
    expect(denied.retryAfterMs).toBeLessThanOrEqual(2 * WINDOW_MS);
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
  const store = redisStore(clientOf(redis), { clock: "redis" });
  const policies = [(COUNTERS["token bucket"] as (typeof COUNTERS)[string])({ limit: 20, window: "1 s" })];
  const limiter = createLimiter({ store, policies, name: uniqueName(), now: () => performance.now() });
  await limiter.consume("k", { cost: 20 });
  const { allowed, retryAfterMs } = await limiter.consume("k");
  expect(allowed).toBe(false);
  expect(retryAfterMs).toBeLessThanOrEqual(50);
  await expect.poll(async () => (await limiter.consume("k")).allowed, { interval: 5, timeout: 5000 }).toBe(true);
});

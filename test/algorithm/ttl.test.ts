import fc from "fast-check";
import { afterAll, describe, expect, inject, test } from "vitest";
import { type Policy, withLimit } from "../../src/algorithm/policy.ts";
import { programFor } from "../../src/algorithm/program.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { redisStore } from "../../src/store/redis.ts";
import { MIDNIGHT } from "../support/clock.ts";
import { known } from "../support/known.ts";
import { COUNTERS } from "../support/policies.ts";
import { connect, uniqueName } from "../support/redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

describe.each(Object.entries(COUNTERS))("%s", (_name, make) => {
  const numbers = fc.record({
    limit: fc.integer({ min: 1, max: 1000 }),
    window: fc.integer({ min: 1, max: 100_000 }),
    burst: fc.integer({ min: 1, max: 2000 }),
    costs: fc.array(fc.tuple(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 1, max: 1000 })), { minLength: 1 }),
    refund: fc.integer({ min: 0, max: 1000 }),
    otherLimit: fc.integer({ min: 1, max: 2000 }),
  });
  const loadAt = (policy: Policy, kept: unknown, at: number) => {
    const demand = policy.algorithm.demand(policy, 0, 0);
    const { state } = programFor([policy]).step(kept, at, [{ ...demand, ceiling: -1 }]);
    return policy.algorithm.load(state.slice(1), state[0], demand);
  };
  /** Every step of some calls on one key, with its time. */
  function* stepsOf(policy: Policy, calls: (readonly [waitMs: number, cost: number])[], ceiling?: number) {
    let now = MIDNIGHT;
    let kept: unknown;
    for (const [waitMs, cost] of calls) {
      now += waitMs;
      const demand = policy.algorithm.demand(policy, cost, 0);
      const step = programFor([policy]).step(kept, now, [ceiling === undefined ? demand : { ...demand, ceiling }]);
      kept = step.kept;
      yield { now, ...step };
    }
  }

  test("what expires was whole by then", () =>
    fc.assert(
      fc.property(numbers, ({ limit, window, burst, costs, refund }) => {
        const policy = make({ limit, window, burst });
        for (const { now, kept, ttlMs } of stepsOf(policy, [...costs, [0, -refund]], 1e300)) {
          expect(loadAt(policy, kept, now + ttlMs)).toBe(0);
          if (policy.algorithm.code === "b" || loadAt(policy, kept, now) === 0) continue;
          expect(loadAt(policy, kept, now + ttlMs - 1), "a window's life ends when it is whole").toBeGreaterThan(0);
        }
      }),
    ));

  test("what expires was whole by then under any other limit, too", () =>
    fc.assert(
      fc.property(numbers, ({ limit, window, burst, costs, otherLimit }) => {
        const policy = make({ limit, window, burst });
        const other = withLimit(policy, otherLimit);
        for (const { now, kept, ttlMs } of stepsOf(policy, costs)) expect(loadAt(other, kept, now + ttlMs)).toBe(0);
      }),
    ));

  test("a key goes by itself, with nothing asked", async () => {
    const prefix = uniqueName();
    const policies = [make({ limit: 1, window: "50 ms" })];
    const limiter = createLimiter({
      store: redisStore(ioredisClient(redis)),
      policies,
      name: prefix,
      snapshots: false,
    });
    const { allowed, resetAfterMs } = known(await limiter.consume("k"));
    expect(allowed).toBe(true);
    expect(resetAfterMs).toBeLessThanOrEqual(100);
    await expect
      .poll(() => redis.exists(`${prefix}:${programFor(policies).kind}:k`), { interval: 5, timeout: 5000 })
      .toBe(0);
  });
});

import fc from "fast-check";
import { afterAll, describe, expect, inject, test } from "vitest";
import { programFor } from "../../src/algorithm/program.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { redisStore } from "../../src/store/redis.ts";
import { MIDNIGHT } from "../support/clock.ts";
import { known } from "../support/known.ts";
import { COUNTERS } from "../support/policies.ts";
import { clientOf, connect, uniqueName } from "../support/redis.ts";

const redis = connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

describe.each(Object.entries(COUNTERS))("%s", (_name, make) => {
  test("what expires was whole by then, and not a millisecond earlier", () => {
    const numbers = fc.record({
      limit: fc.integer({ min: 1, max: 1000 }),
      window: fc.integer({ min: 1, max: 100_000 }),
      costs: fc.array(fc.tuple(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 1, max: 1000 })), {
        minLength: 1,
      }),
      refund: fc.integer({ min: 0, max: 1000 }),
    });
    fc.assert(
      fc.property(numbers, ({ limit, window, costs, refund }) => {
        const policy = make({ limit, window });
        const program = programFor([policy]);
        const [algorithm] = program.algorithms;
        if (!algorithm) throw new Error("no algorithm");
        const { pace } = algorithm.demand(policy, 0, 0);
        const loadAt = (kept: unknown, at: number) => {
          const { state } = program.step(kept, at, [{ delta: 0, pace, ceiling: -1 }]);
          return algorithm.load(state.slice(1), state[0], pace);
        };
        let now = MIDNIGHT;
        let kept: unknown;
        for (const [waitMs, cost] of [...costs, [0, -refund] as const]) {
          now += waitMs;
          const { delta } = algorithm.demand(policy, cost, 0);
          const step = program.step(kept, now, [{ delta, pace, ceiling: 1e300 }]);
          kept = step.kept;
          expect(loadAt(kept, now + step.ttlMs)).toBe(0);
          if (loadAt(kept, now) > 0) expect(loadAt(kept, now + step.ttlMs - 1)).toBeGreaterThan(0);
        }
      }),
    );
  });

  test("a key goes by itself, with nothing asked", async () => {
    const prefix = uniqueName();
    const policies = [make({ limit: 1, window: "50 ms" })];
    const limiter = createLimiter({ store: redisStore(clientOf(redis)), policies, name: prefix, snapshots: false });
    const { allowed, resetAfterMs } = known(await limiter.consume("k"));
    expect(allowed).toBe(true);
    expect(resetAfterMs).toBeLessThanOrEqual(100);
    await expect
      .poll(() => redis.exists(`${prefix}:${programFor(policies).kind}:k`), { interval: 5, timeout: 5000 })
      .toBe(0);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parts } from "../../src/algorithm/parts.ts";
import { slidingWindow } from "../../src/algorithm/policy.ts";
import type { Decision } from "../../src/core/decision.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { clockAt } from "../support/clock.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const WINDOW_MS = 1000;

interface Taken {
  readonly at: number;
  units: number;
  readonly decision: Decision;
}

const inWindow = (taken: readonly Taken[], at: number) =>
  taken.filter((one) => one.at > at - WINDOW_MS && one.at <= at).reduce((sum, { units }) => sum + units, 0);

const callsThat = (givesBack: fc.Arbitrary<number | undefined>) =>
  fc.array(
    fc.record({
      waitMs: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 0, max: 20 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 400 }) },
      ),
      cost: fc.oneof(
        { weight: 3, arbitrary: fc.constant(1) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 9 }) },
      ),
      isolate: fc.nat({ max: 2 }),
      givesBack,
    }),
    { minLength: 50, maxLength: 250, size: "max" },
  );
const numbers = fc.record({ limit: fc.integer({ min: 1, max: 40 }), count: fc.integer({ min: 2, max: 60 }) });

/** Calls by three isolates; `denied` gets what the last window held at each denial, the call's cost included. */
const admitsWithin = (
  givesBack: fc.Arbitrary<number | undefined>,
  denied: (units: number, limit: number, count: number) => void,
) =>
  fc.asyncProperty(numbers, callsThat(givesBack), async ({ limit, count }, list) => {
    const clock = clockAt();
    const policies = [slidingWindow({ limit, window: WINDOW_MS, parts: parts(count) })];
    const store = simulatedRedis(clock.now);
    const isolates = [true, true, false].map((snapshots) =>
      createLimiter({ name: "test", store, policies, now: clock.now, snapshots }),
    );
    const taken: Taken[] = [];
    for (const { waitMs, cost, isolate, givesBack } of list) {
      clock.ms += waitMs;
      const limiter = isolates[isolate] as (typeof isolates)[0];
      const counting = taken.filter(({ at, units }) => at > clock.ms - WINDOW_MS && units > 0);
      const back = givesBack === undefined ? undefined : counting[givesBack % counting.length];
      const decision = back ? undefined : await limiter.consume("k", { cost });
      if (back) {
        // Half of them tell of what.
        await limiter.refund("k", back.units, (givesBack as number) % 2 === 0 ? { since: back.decision } : {});
        back.units = 0;
      } else if (decision?.allowed) {
        taken.push({ at: clock.ms, units: cost, decision });
        expect(inWindow(taken, clock.ms)).toBeLessThanOrEqual(limit);
      } else {
        denied(inWindow(taken, clock.ms) + cost, limit, count);
      }
    }
  });

describe("window in parts", () => {
  test("no window holds more than the limit, and calls are denied only within a part of it", async () => {
    let denials = 0;
    const property = admitsWithin(fc.constant(undefined), (units, limit, count) => {
      denials += 1;
      // Of one part fewer units than close it may count for too long.
      expect(units).toBeGreaterThan(limit - limit / count);
    });
    await fc.assert(property, { numRuns: 200 });
    expect(denials).toBeGreaterThan(2000);
  });

  test("no window holds more than the limit of what was not given back, whichever calls that are", async () => {
    let denials = 0;
    const property = admitsWithin(fc.option(fc.nat(), { freq: 4, nil: undefined }), () => {
      denials += 1;
    });
    await fc.assert(property, { numRuns: 200 });
    expect(denials).toBeGreaterThan(500);
  });
});

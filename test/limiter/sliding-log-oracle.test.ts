import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { slidingLog } from "../../src/algorithm/policy.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import { clockAt } from "../support/clock.ts";
import { known } from "../support/known.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const WINDOW_MS = 1000;
const LIMIT = 60;
const policies = [slidingLog({ limit: LIMIT, window: WINDOW_MS })];
const LIMITS = [LIMIT, LIMIT, LIMIT, 10, 30, 90];
const RUNS = 250;
const CALLS = 400;

interface Act {
  readonly operation: "consume" | "peek" | "charge" | "refund";
  readonly isolate: number;
  readonly cost: number;
  /** Which of the calls that still count is given back, as a share. */
  readonly which: number;
  readonly limit: number;
  readonly waitMs: number;
}

/** Acts as numbers, of which a list of hundreds is made quickly. */
const acts = (operations: readonly Act["operation"][]) =>
  fc
    .array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: CALLS, maxLength: CALLS, size: "max" })
    .map((numbers) => numbers.map((number) => actOf(number, operations)));

function actOf(number: number, operations: readonly Act["operation"][]): Act {
  let rest = number;
  const next = (choices: number) => {
    const choice = rest % choices;
    rest = Math.floor(rest / choices);
    return choice;
  };
  const pick = <T>(list: readonly T[]) => list[next(list.length)] as T;
  const operation = pick(operations);
  const waitMs = pick([0, 1, 3, 10, 10, 20, 40, next(40) === 0 ? WINDOW_MS - 1 : 0]);
  return {
    operation,
    waitMs,
    cost: pick([0, 1, 1, 1, 2, 3, 5, 20]),
    limit: pick(LIMITS),
    isolate: next(3),
    which: next(97) / 97,
  };
}

interface Taken {
  readonly at: number;
  /** Units that were not given back. */
  units: number;
}

const within = (taken: readonly Taken[], at: number) => taken.filter((one) => one.at > at - WINDOW_MS && one.at <= at);
const sum = (taken: readonly Taken[]) => taken.reduce((total, { units }) => total + units, 0);

/** When `cost` passes, from `at` on: each unit leaves a window after it was taken. */
function passesAt(taken: readonly Taken[], at: number, cost: number, limit: number): number {
  if (cost > limit) return Infinity;
  const counting = within(taken, at);
  const times = [at, ...counting.map((one) => one.at + WINDOW_MS)];
  return times.find((time) => sum(counting.filter((one) => one.at > time - WINDOW_MS)) + cost <= limit) as number;
}

describe("the sliding log and the list of what was taken", () => {
  test("each answer is what the definition says, with refunds, other limits, and snapshots or without", async () => {
    let steps = 0;
    let denials = 0;
    const property = fc.asyncProperty(
      acts(["consume", "consume", "consume", "consume", "peek", "refund", "charge"]),
      async (list) => {
        const clock = clockAt();
        const [plain, quick] = [false, true].map((snapshots) =>
          createLimiter({ name: "log", store: simulatedRedis(clock.now), policies, now: clock.now, snapshots }),
        ) as [Limiter, Limiter];
        const taken: Taken[] = [];
        for (const { operation, cost, limit, waitMs } of list) {
          clock.ms += waitMs;
          steps += 1;
          const at = clock.ms;
          const passes = passesAt(taken, at, cost, limit);
          const unconditional = operation === "refund" || operation === "charge";
          const allowed = unconditional || passes === at;
          if (operation === "refund") giveBack(within(taken, at), cost);
          else if (operation !== "peek" && allowed && cost > 0) taken.push({ at, units: cost });
          const counting = within(taken, at).filter(({ units }) => units > 0);
          const expected = {
            allowed,
            remaining: Math.max(0, limit - sum(counting)),
            retryAfterMs: allowed ? 0 : passes - at,
            resetAfterMs: counting.length === 0 ? 0 : (counting.at(-1) as Taken).at + WINDOW_MS - at,
          };
          for (const limiter of [plain, quick]) {
            const answer = known(
              operation === "refund" || operation === "charge"
                ? await limiter[operation]("k", cost, { limit })
                : await limiter[operation]("k", { cost, limit }),
            );
            expect(answer).toMatchObject(expected);
            if (answer.source === "snapshot") denials += 1;
          }
        }
      },
    );
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
    expect(steps).toBeGreaterThanOrEqual(100_000);
    expect(denials).toBeGreaterThan(1000);
  });

  test("whichever calls are given back, no window holds more than the limit of those that were not", async () => {
    let steps = 0;
    let refunds = 0;
    const property = fc.asyncProperty(acts(["consume", "consume", "refund"]), fc.boolean(), async (list, snapshots) => {
      const clock = clockAt();
      const store = simulatedRedis(clock.now);
      const isolates = Array.from({ length: 3 }, () =>
        createLimiter({ name: "log", store, policies, now: clock.now, snapshots }),
      );
      const taken: Taken[] = [];
      for (const { operation, isolate, cost, which, limit, waitMs } of list) {
        clock.ms += waitMs;
        steps += 1;
        const limiter = isolates[isolate] as Limiter;
        if (operation === "refund") {
          const counting = within(taken, clock.ms).filter(({ units }) => units > 0);
          const call = counting[Math.floor(which * counting.length)];
          if (!call) continue;
          const units = Math.min(cost, call.units);
          call.units -= units;
          refunds += 1;
          await limiter.refund("k", units);
        } else if ((await limiter.consume("k", { cost, limit })).allowed) {
          taken.push({ at: clock.ms, units: cost });
          // What a window holds only grows with a call, so each is judged where it ends with one.
          expect(sum(within(taken, clock.ms))).toBeLessThanOrEqual(limit);
        }
      }
    });
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
    expect(steps).toBeGreaterThanOrEqual(100_000);
    expect(refunds).toBeGreaterThan(10_000);
  });
});

/** The oldest units go first. */
function giveBack(counting: readonly Taken[], units: number): void {
  let left = units;
  for (const one of counting) {
    const going = Math.min(left, one.units);
    one.units -= going;
    left -= going;
  }
}

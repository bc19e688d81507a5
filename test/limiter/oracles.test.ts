import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fixedWindow, type Policy, slidingLog, slidingWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { clockAt } from "../support/clock.ts";
import { known } from "../support/known.ts";
import {
  bucketOracle,
  fixedWindowOracle,
  type Oracle,
  slidingLogOracle,
  slidingWindowOracle,
} from "../support/oracles.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

interface Numbers {
  readonly name: string;
  readonly limit: number;
  readonly window: number;
  readonly burst: number;
}

/** An algorithm's policy beside its oracle. */
const ALGORITHMS: Record<string, (numbers: Numbers) => { policy: Policy; oracle: Oracle }> = {
  "token bucket": (numbers) => ({
    policy: tokenBucket(numbers),
    oracle: bucketOracle(numbers.limit, numbers.window, numbers.burst),
  }),
  "sliding window": ({ burst: _burst, ...numbers }) => ({
    policy: slidingWindow(numbers),
    oracle: slidingWindowOracle(numbers.window),
  }),
  "fixed window": ({ burst: _burst, ...numbers }) => ({
    policy: fixedWindow(numbers),
    oracle: fixedWindowOracle(numbers.window),
  }),
  "sliding log": ({ burst: _burst, ...numbers }) => ({
    policy: slidingLog(numbers),
    oracle: slidingLogOracle(numbers.window),
  }),
};

/** Those that can be one of several. */
const { "sliding log": _alone, ...COMBINING } = ALGORITHMS;

const numbers = fc.record({
  name: fc.uuid(),
  limit: fc.integer({ min: 1, max: 40 }),
  window: fc.oneof(fc.constantFrom(1, 7, 1000, 10_000), fc.integer({ min: 1, max: 5000 })),
  burst: fc.integer({ min: 1, max: 50 }),
});

interface CallMade {
  readonly operation: string;
  readonly share: number;
  readonly waitMs: number;
  readonly windows: number;
}

const calls: fc.Arbitrary<CallMade[]> = fc.array(
  fc.record({
    operation: fc.constantFrom("consume", "consume", "consume", "consume", "peek", "charge"),
    share: fc.oneof(fc.double({ min: 0, max: 0.4, noNaN: true }), fc.double({ min: 0, max: 1.2, noNaN: true })),
    waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 300 })),
    windows: fc.oneof(
      { weight: 5, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ max: 3, min: 1 }) },
    ),
  }),
  { minLength: 1, maxLength: 80, size: "max" },
);

const anyCombining = fc.constantFrom(...Object.values(COMBINING));
const sets = fc.array(fc.tuple(anyCombining, numbers), { minLength: 2, maxLength: 4 });

describe("what is admitted, and what remains, is what the definition says", () => {
  for (const [name, make] of Object.entries(ALGORITHMS)) {
    test(name, () =>
      fc.assert(
        fc.asyncProperty(numbers, calls, (numbers, calls) => compare([make(numbers)], calls)),
        { numRuns: 150 },
      ),
    );
  }
  test("policy sets", () =>
    fc.assert(
      fc.asyncProperty(sets, calls, (set, calls) =>
        compare(
          set.map(([make, numbers]) => make(numbers)),
          calls,
        ),
      ),
      { numRuns: 150 },
    ));
});

async function compare(parts: { policy: Policy; oracle: Oracle }[], calls: readonly CallMade[]) {
  const clock = clockAt();
  const policies = parts.map(({ policy }) => policy);
  const limiter = createLimiter({
    name: "test",
    store: simulatedRedis(clock.now),
    policies,
    now: clock.now,
    snapshots: false,
  });
  const wouldPass = async (cost: Record<string, number>, inMs: number) => {
    clock.ms += inMs;
    const { allowed } = await limiter.peek("k", { cost });
    clock.ms -= inMs;
    return allowed;
  };
  for (const { operation, share, waitMs, windows } of calls) {
    clock.ms += waitMs + windows * (policies[0] as Policy).windowMs;
    const at = clock.ms;
    const cost = Object.fromEntries(policies.map(({ name, burst }) => [name, Math.round(share * burst)]));
    const each = parts.map(({ policy, oracle }) => ({ ...policy, oracle, cost: cost[policy.name] as number }));
    const expected = each.every(({ oracle, cost, limit }) => oracle.allows(at, cost, limit));
    const answer = known(
      operation === "charge"
        ? await limiter.charge("k", cost)
        : await limiter[operation === "peek" ? "peek" : "consume"]("k", { cost }),
    );
    if (operation === "charge" || (operation === "consume" && expected)) {
      for (const { oracle, cost } of each) oracle.admit(at, cost);
    }
    expect(answer.allowed).toBe(operation === "charge" || expected);
    expect(answer.policies.map(({ remaining }) => remaining)).toEqual(
      each.map(({ oracle, limit }) => oracle.remaining(at, limit)),
    );
    if (answer.allowed) {
      expect(answer.retryAfterMs).toBe(0);
    } else if (answer.retryAfterMs === Infinity) {
      expect(each.some(({ cost, burst }) => cost > burst)).toBe(true);
    } else {
      expect(await wouldPass(cost, answer.retryAfterMs), `in ${answer.retryAfterMs} ms`).toBe(true);
      expect(await wouldPass(cost, answer.retryAfterMs - 1), `in ${answer.retryAfterMs - 1} ms`).toBe(false);
    }
    // The quota is whole again after resetAfterMs, and not earlier.
    const whole = Object.fromEntries(policies.map(({ name, burst }) => [name, burst]));
    expect(await wouldPass(whole, answer.resetAfterMs)).toBe(true);
    if (parts.length === 1 && answer.resetAfterMs > 0) {
      clock.ms += answer.resetAfterMs - 1;
      expect(known(await limiter.peek("k")).resetAfterMs).toBe(1);
      clock.ms -= answer.resetAfterMs - 1;
    }
  }
}

describe("what a bucket lends", () => {
  test("is acted on at times that keep to the bucket, in the order of the calls", () =>
    fc.assert(
      fc.asyncProperty(numbers, calls, fc.integer({ min: 1, max: 20_000 }), async (numbers, calls, maxDelayMs) => {
        const { limit, window: windowMs, burst } = numbers;
        const clock = clockAt();
        const limiter = createLimiter({
          name: "test",
          store: simulatedRedis(clock.now),
          policies: [tokenBucket(numbers)],
          now: clock.now,
          snapshots: false,
        });
        const acts: { at: number; cost: number }[] = [];
        for (const { share, waitMs } of calls) {
          clock.ms += waitMs;
          const cost = Math.max(1, Math.round(share * burst));
          const answer = known(await limiter.consume("k", { cost, maxDelayMs }));
          expect(answer.delayMs).toBeLessThanOrEqual(maxDelayMs);
          if (answer.allowed) acts.push({ at: clock.ms + answer.delayMs, cost });
          else expect(answer.retryAfterMs).toBeGreaterThan(maxDelayMs);
        }
        for (let i = 0; i < acts.length; i += 1) {
          let taken = 0;
          for (let j = i; j < acts.length; j += 1) {
            const [first, last] = [acts[i], acts[j]];
            if (!first || !last) throw new Error("out of range");
            expect(last.at).toBeGreaterThanOrEqual(first.at);
            taken += last.cost;
            // A delay is rounded up to a whole ms, so the first may act up to 1 ms later than it could.
            expect(taken * windowMs).toBeLessThan(burst * windowMs + (last.at - first.at + 1) * limit);
          }
        }
      }),
      { numRuns: 150 },
    ));
});

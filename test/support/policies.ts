import {
  fixedWindow,
  type Policy,
  slidingLog,
  slidingWindow,
  type TokenBucketOptions,
  tokenBucket,
} from "../../src/algorithm/policy.ts";
import type { Random } from "./random.ts";

/** The algorithms that combine, by name; windows ignore a burst. */
export const COUNTERS: Record<string, (options: TokenBucketOptions) => Policy> = {
  "token bucket": tokenBucket,
  "sliding window": ({ burst: _burst, ...options }) => slidingWindow(options),
  "fixed window": ({ burst: _burst, ...options }) => fixedWindow(options),
};

/** Every algorithm, by name: those, and the log, which is always alone. */
export const ALGORITHMS: typeof COUNTERS = {
  ...COUNTERS,
  "sliding log": ({ burst: _burst, ...options }) => slidingLog(options),
};

/** Makers of random policies by name: one of each algorithm, and sets of `many` of those that combine. */
export function policySets(
  numbersOf: (random: Random, name: string) => TokenBucketOptions,
  many: (random: Random) => number,
): Record<string, (random: Random) => Policy[]> {
  return {
    ...Object.fromEntries(
      Object.entries(ALGORITHMS).map(([name, make]) => [name, (random: Random) => [make(numbersOf(random, "a"))]]),
    ),
    "policy set": (random) =>
      Array.from({ length: many(random) }, (_, i) => random.pick(Object.values(COUNTERS))(numbersOf(random, `${i}`))),
  };
}

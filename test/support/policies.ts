import { calendar } from "../../src/algorithm/calendar.ts";
import { parts } from "../../src/algorithm/parts.ts";
import {
  fixedWindow,
  type Policy,
  slidingLog,
  slidingWindow,
  type TokenBucketOptions,
  tokenBucket,
} from "../../src/algorithm/policy.ts";
import type { Random } from "./random.ts";

/** The algorithms that policy-set.lua and key-set.lua know, by name; windows ignore a burst. */
export const PLAIN: Record<string, (options: TokenBucketOptions) => Policy> = {
  "token bucket": tokenBucket,
  "sliding window": ({ burst: _burst, ...options }) => slidingWindow(options),
  "fixed window": ({ burst: _burst, ...options }) => fixedWindow(options),
};

/** The algorithms that combine: those, and windows in parts, with which a set has another script. */
export const COUNTERS: typeof PLAIN = {
  ...PLAIN,
  "window in parts": ({ burst: _burst, ...options }) => slidingWindow({ ...options, parts: parts(4) }),
};

/** Those, and days of the calendar, whatever window is asked for. In UTC they are windows of 24 hours. */
export const WITH_CALENDAR: typeof COUNTERS = {
  ...COUNTERS,
  "calendar window": ({ burst: _burst, ...options }) => fixedWindow({ ...options, window: calendar("1 day") }),
};

/** Every algorithm, by name: those, and the log, which is always alone. */
export const ALGORITHMS: typeof COUNTERS = {
  ...COUNTERS,
  "sliding log": ({ burst: _burst, ...options }) => slidingLog(options),
};

/** Makers of random policies by name: one of each algorithm and of the calendar, and sets of `many` of those that combine. */
export function policySets(
  numbersOf: (random: Random, name: string) => TokenBucketOptions,
  many: (random: Random) => number,
): Record<string, (random: Random) => Policy[]> {
  const setOf = (makers: typeof PLAIN) => (random: Random) =>
    Array.from({ length: many(random) }, (_, i) => random.pick(Object.values(makers))(numbersOf(random, `${i}`)));
  return {
    ...Object.fromEntries(
      Object.entries({ ...WITH_CALENDAR, ...ALGORITHMS }).map(([name, make]) => [
        name,
        (random: Random) => [make(numbersOf(random, "a"))],
      ]),
    ),
    "policy set": setOf(PLAIN),
    "set of any policies": setOf(WITH_CALENDAR),
  };
}

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

/** The algorithms that combine, by name; windows ignore a burst. */
export const COUNTERS: Record<string, (options: TokenBucketOptions) => Policy> = {
  "token bucket": tokenBucket,
  "sliding window": ({ burst: _burst, ...options }) => slidingWindow(options),
  "window in parts": ({ burst: _burst, ...options }) => slidingWindow({ ...options, parts: parts(4) }),
  "fixed window": ({ burst: _burst, ...options }) => fixedWindow(options),
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

import { type Duration, durationMs, durationText } from "../core/duration.ts";
import { checkedText, misuse } from "../core/misuse.ts";
import { MAX_UNITS, wholeNumber } from "../core/whole-number.ts";
import type { Algorithm, Quota } from "./algorithm.ts";
import type { Calendar } from "./calendar.ts";
import { fixedWindowAlgorithm } from "./fixed-window.ts";
import type { Parts } from "./parts.ts";
import { slidingLogAlgorithm } from "./sliding-log.ts";
import { slidingWindowAlgorithm } from "./sliding-window.ts";
import { tokenBucketAlgorithm } from "./token-bucket.ts";

/**
 * A named quota: an algorithm and its numbers. Made by `tokenBucket`, `slidingWindow`, `fixedWindow` or `slidingLog`, and
 * carrying its algorithm, so that a bundle holds only those that it uses.
 */
export interface Policy extends Quota {
  readonly algorithm: Algorithm;
  /** As responses and `cost` by name know it; by default made of the numbers, as in `"10-per-1s"`. */
  readonly name: string;
}

/** What every policy takes. */
export interface PolicyOptions {
  /** Units per window, a whole number from 1; `limit × window` in ms at most 2^53 - 2. */
  limit: number;
  /** The window, 1 ms to 366 days: milliseconds or `"10 s"`, `"1 m"`, `"1 h"`, `"1 d"`, `"250 ms"`. */
  window: Duration;
  /** 1 to 64 printable ASCII characters. Default: made of the numbers, as in `"10-per-1s"`. */
  name?: string | undefined;
}

export interface TokenBucketOptions extends PolicyOptions {
  /** Most tokens at once, a whole number from 1; `burst × window` in ms at most 2^53 - 2. Default: `limit`. */
  burst?: number | undefined;
}

export interface FixedWindowOptions extends Omit<PolicyOptions, "window"> {
  /**
   * The window, 1 ms to 366 days, aligned to the epoch: milliseconds or `"10 s"`, `"1 m"`, `"1 h"`, `"1 d"`, `"250 ms"`. Or a period of the
   * calendar, as in `calendar("1 month", { timeZone: "Europe/Berlin" })`: then `limit` is at most 2^53 - 2.
   */
  window: Duration | Calendar;
}

export interface SlidingWindowOptions extends PolicyOptions {
  /**
   * Parts of the window, as in `parts(10)`: constant size as before, and never more than `limit` in any window of any position.
   * Default 1: two counters.
   */
  parts?: 1 | Parts | undefined;
}

/**
 * `limit` tokens per window, refilled continuously, and never more than `burst` at once. For APIs whose clients may
 * burst but must keep to a rate. Throws a `TypeError` or `RangeError` that names the option.
 */
export function tokenBucket(options: TokenBucketOptions): Policy {
  return policy(tokenBucketAlgorithm, options, options?.burst);
}

/**
 * At most `limit` in the last window, as estimated from two counters: the window before counts by its overlap. Two
 * numbers of state, whatever the limit. The usual choice. With `parts` never more than `limit` in any window of any position.
 * Throws a `TypeError` or `RangeError` that names the option.
 */
export function slidingWindow(options: SlidingWindowOptions): Policy {
  const parts = options?.parts ?? 1;
  if (parts === 1) return policy(slidingWindowAlgorithm, options);
  if (typeof parts?.algorithm?.script === "object") return policy(parts.algorithm, options);
  throw misuse("parts", "1 or made by parts(2) to parts(60)", parts);
}

/**
 * At most `limit` in each window aligned to the clock, or in each period of the calendar, and so up to twice the limit around a
 * window's end. For quotas that people read as "per day". Throws a `TypeError` or `RangeError` that names the option.
 */
export function fixedWindow(options: FixedWindowOptions): Policy {
  const window = options?.window;
  if (typeof window !== "object") return policy(fixedWindowAlgorithm, options as PolicyOptions);
  const { limit, name = `${limit}-per-${window?.text}` } = options;
  return policy(window?.algorithm, { limit, name, window: window?.windowMs });
}

/**
 * Never more than `limit` in any window of any position, exactly; state grows with the limit, some 14 bytes for each
 * admitted call. For small limits that must hold to the unit, such as sign-ins. A refund gives back the oldest units that
 * still count, so that it holds for the calls that were not given back. Throws a `TypeError` or `RangeError` that names
 * the option.
 */
export function slidingLog(options: PolicyOptions): Policy {
  return policy(slidingLogAlgorithm, options);
}

/** What makes a policy's states incompatible with others, as a part of store keys: `"b10s"` is a bucket over 10 s. */
export function kindOf({ algorithm, windowMs }: Policy): string {
  const window = durationText(windowMs);
  return algorithm.kind?.(window) ?? algorithm.code + window;
}

/**
 * The same policy with another limit for one call. A bucket's burst keeps its proportion to the limit, rounded down, so that it
 * takes no longer to refill; it is at least 1.
 */
export function withLimit(policy: Policy, limit: number | undefined): Policy {
  if (limit === undefined || limit === policy.limit) return policy;
  const option = `limit of policy "${policy.name}"`;
  const most = mostOf(policy.algorithm, policy.windowMs);
  wholeNumber(option, limit, 1, most);
  const burst = policy.burst === policy.limit ? limit : Math.max(1, Math.floor((policy.burst * limit) / policy.limit));
  wholeNumber(`burst that follows from ${option}`, burst, 1, most);
  return { ...policy, limit, burst };
}

function policy(algorithm: Algorithm, options: PolicyOptions, burst?: number): Policy {
  if (typeof options !== "object" || options === null) {
    throw misuse("A policy's options", "an object", options);
  }
  const windowMs = durationMs("window", options.window);
  const most = mostOf(algorithm, windowMs);
  const limit = wholeNumber("limit", options.limit, 1, most);
  return Object.freeze({
    algorithm,
    name: checkedText(
      "name",
      options.name ?? `${limit}-per-${durationText(windowMs)}`,
      /^[\x20-\x7e]+$/,
      "printable ASCII characters",
    ),
    limit,
    windowMs,
    burst: burst === undefined ? limit : wholeNumber("burst", burst, 1, most),
  });
}

/** The largest limit or burst: in units it stays below `MAX_UNITS`, where counts stop. */
function mostOf({ most }: Algorithm, windowMs: number): number {
  return most ?? Math.floor((MAX_UNITS - 1) / windowMs);
}

import { wholeNumber } from "../core/whole-number.ts";
import type { Algorithm } from "./algorithm.ts";
import { slidingPartsAlgorithm } from "./sliding-parts.ts";

/** The most parts of a window. */
const MAX_PARTS = 60;

/** How many parts a sliding window has; made by `parts`, and carrying the algorithm, so that only those ship it who use it. */
export interface Parts {
  readonly algorithm: Algorithm;
}

/**
 * For `slidingWindow({ limit, window, parts: parts(10) })`: so many parts, a whole number from 2 to 60, in place of two counters.
 * Then no window of any position ever holds more than `limit`, at a constant size of 9 bytes and 8 for each part. A part is
 * closed at `limit / parts` units and leaves when the last of them is a window old, so a call is denied only where more than
 * `limit - limit / parts - cost` were admitted in the last window. Throws a `TypeError` or `RangeError`.
 */
export function parts(count: number): Parts {
  return Object.freeze({ algorithm: slidingPartsAlgorithm(wholeNumber("parts", count, 2, MAX_PARTS)) });
}

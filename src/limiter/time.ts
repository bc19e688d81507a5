import { misuse } from "../core/misuse.ts";

/** The longest delay that a timer takes. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Times are stored in 42 bits: up to the year 2109. */
export const MAX_TIME_MS = 2 ** 42 - 1;

/** The clock's time in whole ms; throws a `RangeError` if it isn't one. */
export function timeOf(now: () => number): number {
  const time = Math.floor(now());
  if (time >= 0 && time <= MAX_TIME_MS) return time;
  throw misuse("The time that now returns", `ms since the epoch, from 0 to ${MAX_TIME_MS}`, time, true);
}

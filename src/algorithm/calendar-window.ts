import { MAX_UNITS } from "../core/whole-number.ts";
import { type Algorithm, type Counts, type Demand, first } from "./algorithm.ts";
import { calendarWindow, keySetWindows } from "./scripts.ts";

/** A period of the calendar, in ms since the epoch, and how long the next one is. */
export interface Period {
  readonly start: number;
  readonly end: number;
  readonly nextMs: number;
}

/**
 * Fixed window that is a day, a week or a month of some place. The counts are what was taken in a period and when that ends: the
 * caller's period comes with the demand, but a state from a clock ahead is in one that the caller has not seen.
 */
export const calendarWindowAlgorithm = (name: string, periodOf: (now: number) => Period): Algorithm => ({
  script: calendarWindow,
  set: keySetWindows,
  code: "c",
  kind: () => `c${name}`,
  size: 2,
  most: MAX_UNITS - 1,

  advance(counts, _from, to, demand) {
    return first(counts) > 0 && endIn(counts) > to ? counts : [0, endOf(demand, to)];
  },
  add(counts, delta, demand, at) {
    const { since } = demand;
    const isGone = since !== undefined && (since > at || endAround(demand, since) !== endIn(counts));
    return [Math.min(Math.max(0, first(counts) + (isGone ? 0 : delta)), MAX_UNITS), endIn(counts)];
  },
  load: first,
  lifeMs: (counts, at) => endIn(counts) - at,

  demand({ limit }, cost, _maxDelayMs, now) {
    const { start, end, nextMs } = now === undefined ? NO_PERIOD : periodOf(now);
    return { delta: cost, pace: start, ceiling: limit, full: end, windowMs: nextMs };
  },
  remaining: (counts, _at, { limit }) => Math.max(0, limit - first(counts)),
  retryAfterMs(counts, at, { limit }, cost) {
    if (cost > limit) return Infinity;
    return first(counts) + cost <= limit ? 0 : endIn(counts) - at;
  },
});

const NO_PERIOD: Period = { start: 0, end: 1, nextMs: 1 };

const endIn = (counts: Counts) => counts[1] ?? 0;

/** The end of the period of `time`, if that is one of those two or ends where they begin. */
function endAround({ pace: start, full: end = 0, windowMs: nextMs = 0 }: Demand, time: number): number | undefined {
  return [start, end, end + nextMs].find((end) => time < end);
}

/** The end of the period of `time`; by a store's own clock, far from the caller's, as if all others were as long as the next. */
function endOf({ pace: start, full: end = 0, windowMs: nextMs = 1 }: Demand, time: number): number {
  if (time < start) return start - Math.floor((start - 1 - time) / nextMs) * nextMs;
  return time < end ? end : end + (Math.floor((time - end) / nextMs) + 1) * nextMs;
}

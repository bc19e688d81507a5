import { MAX_DURATION_MS } from "../../core/duration.ts";
import { shown } from "../../core/misuse.ts";

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

type Unit = keyof typeof UNITS;

/** A number and its unit, with a space between them or none: `"10 s"`, `"1.5h"`, `"1 w"`. */
export type Duration = `${number} ${Unit}` | `${number}${Unit}`;

/** Whole milliseconds of a window, rounded; throws an error for what is no duration or none from 1 ms to 366 days. */
export function windowMsOf(window: Duration): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s?(ms|s|m|h|d|w)$/.exec(window) ?? [];
  if (!number) throw new TypeError(`Unable to parse window size: ${shown(window)} is not like "10 s" or "1 w"`);
  const windowMs = Math.round(Number(number) * UNITS[unit as Unit]);
  if (windowMs >= 1 && windowMs <= MAX_DURATION_MS) return windowMs;
  throw new RangeError(`Window size must be at least 1 ms and at most 366 days, not ${shown(window)}`);
}

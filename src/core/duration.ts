import { misuse } from "./misuse.ts";
import { wholeNumber } from "./whole-number.ts";

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

type Unit = keyof typeof UNITS;

/** Milliseconds, or a whole number and its unit: `"250 ms"`, `"10 s"`, `"1 m"`, `"1 h"`, `"1 d"`. */
export type Duration = number | `${number} ${Unit}` | `${number}${Unit}`;

/** The longest duration, 366 days: script engines print times up to there in full. */
export const MAX_DURATION_MS = 366 * UNITS.d;

/** Milliseconds of a duration from 1 ms to 366 days; throws an error that names `option` for anything else. */
export function durationMs(option: string, duration: unknown): number {
  if (typeof duration !== "string") return wholeNumber(option, duration, 1, MAX_DURATION_MS);
  const parts = /^(\d{1,12}) ?(ms|s|m|h|d)$/.exec(duration);
  if (!parts)
    throw misuse(option, 'milliseconds or a whole number with ms, s, m, h or d, as in "10 s"', duration, true);
  return wholeNumber(option, Number(parts[1]) * UNITS[parts[2] as Unit], 1, MAX_DURATION_MS);
}

/** The shortest exact writing of a duration: 90000 is "90s", 86400000 is "1d". */
export function durationText(ms: number): string {
  const [unit, size] = Object.entries(UNITS).findLast(([, size]) => ms % size === 0) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}

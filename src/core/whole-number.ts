import { misuse } from "./misuse.ts";

/** The largest number of units that scripts and twins count with: beyond it a double skips integers. */
export const MAX_UNITS = Number.MAX_SAFE_INTEGER;

/** Returns `value` if it is a whole number from `min` to `max`; else throws an error that names `option`. */
export function wholeNumber(option: string, value: unknown, min: number, max: number = MAX_UNITS): number {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw misuse(option, `a whole number from ${min} to ${max}`, value, typeof value === "number");
}

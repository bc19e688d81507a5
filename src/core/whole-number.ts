/** The largest number of units that scripts and twins count with: beyond it a double skips integers. */
export const MAX_UNITS = Number.MAX_SAFE_INTEGER;

/** Returns `value` if it is a whole number from `min` to `max`; else throws an error that names `option`. */
export function wholeNumber(option: string, value: unknown, min: number, max: number = MAX_UNITS): number {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  const text = `${option} must be a whole number from ${min} to ${max}, not ${shown(value)}`;
  throw typeof value === "number" ? new RangeError(text) : new TypeError(text);
}

/** A value as an error message may show it: short, and telling "5" from 5. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "function" ? "a function" : String(value);
}

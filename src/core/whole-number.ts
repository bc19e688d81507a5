/** The largest number of units that scripts and twins count with: beyond it a double skips integers. */
export const MAX_UNITS = Number.MAX_SAFE_INTEGER;

/** Returns `value` if it is a whole number from `min` to `max`; else throws an error that names `option`. */
export function wholeNumber(option: string, value: unknown, min: number, max: number = MAX_UNITS): number {
  const allowed = `a whole number from ${min} to ${max}`;
  if (typeof value !== "number") throw new TypeError(`${option} must be ${allowed}, not ${shown(value)}`);
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(`${option} must be ${allowed}, not ${value}`);
  }
  return value;
}

/** A value as an error message may show it: short, and telling "5" from 5. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "function" ? "a function" : String(value);
}

import { shown } from "./whole-number.ts";

/** Returns `value` if it is a name that fits in store keys, labels and commands; else throws an error that names `option`. */
export function checkedName(option: string, value: unknown): string {
  if (typeof value === "string" && /^[\w.-]{1,64}$/.test(value)) return value;
  const text = `${option} must be 1 to 64 letters, digits, dots, dashes or underscores, not ${shown(value)}`;
  throw typeof value === "string" ? new RangeError(text) : new TypeError(text);
}

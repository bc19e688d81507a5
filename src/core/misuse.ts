/** The error for an option that is not what it must be: a `RangeError` if its type at least is right, else a `TypeError`. */
export function misuse(option: string, allowed: string, value: unknown, typeIsRight = false): Error {
  const text = `${option} must be ${allowed}, not ${shown(value)}`;
  return typeIsRight ? new RangeError(text) : new TypeError(text);
}

/** Throws a `TypeError` that names an option that there is not: a word of another library would do nothing. */
export function refuseOthers(others: object): void {
  for (const name in others) throw new TypeError(`There is no option ${name}`);
}

/** Throws an error that names `option` if `value` is neither a function nor left out. */
export function checkFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") throw misuse(option, "a function", value);
}

/** Returns `value` if it is text of 1 to 64 characters like these; else throws an error that names `option`. */
export function checkedText(option: string, value: unknown, like: RegExp, characters: string): string {
  if (typeof value === "string" && value.length <= 64 && like.test(value)) return value;
  throw misuse(option, `1 to 64 ${characters}`, value, typeof value === "string");
}

/** A value as an error message may show it: short, and telling "5" from 5. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "function" ? "a function" : String(value);
}

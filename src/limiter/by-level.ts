import { misuse, shown } from "../core/misuse.ts";
import { type Amount, isPlain } from "./amounts.ts";

/** A number for every level, or by level a number for all of its policies or numbers by policy name. */
export type AmountByLevel<Name extends string> = number | { readonly [L in Name]?: Amount };

/** Throws a `TypeError` unless `key` is an object of keys by level, with one for each level. */
export function checkKeys(names: readonly string[], key: unknown): asserts key is Readonly<Record<string, unknown>> {
  if (typeof key !== "object" || key === null || !isPlain(key)) {
    throw misuse("key", `an object with a key for each level: ${listed(names)}`, key);
  }
  checkNames("key", names, key);
  const missing = names.find((name) => !Object.hasOwn(key, name));
  if (missing !== undefined) throw new TypeError(`key has nothing for the level ${shown(missing)}`);
}

/** The amount of each level; `unnamed` for levels that a record leaves out. */
export function amountsOf(option: string, names: readonly string[], amount: unknown, unnamed: unknown): unknown[] {
  if (typeof amount !== "object" || amount === null) return names.map(() => amount);
  if (!isPlain(amount)) {
    const kind = Object.prototype.toString.call(amount);
    throw misuse(option, "a whole number or a plain object of amounts by level", kind);
  }
  checkNames(option, names, amount);
  return names.map((name) => {
    if (!Object.hasOwn(amount, name)) return unnamed;
    const own = (amount as Record<string, unknown>)[name];
    if (own !== undefined) return own;
    throw misuse(`${option}.${name}`, "a whole number or an object of these by policy name", own);
  });
}

/** Does a level's task; what it throws says of which level it is. */
export function ofLevel<T>(name: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (error instanceof Error) error.message = `Level ${shown(name)}: ${error.message}`;
    throw error;
  }
}

/** Throws a `TypeError` if `record` has what is no level. */
export function checkNames(option: string, names: readonly string[], record: object): void {
  for (const name of Object.keys(record)) {
    if (!names.includes(name)) {
      throw new TypeError(`${option} names the level ${shown(name)}; these limiters are ${listed(names)}`);
    }
  }
}

export const listed = (names: readonly string[]) => names.map(shown).join(", ");

import type { Key } from "./key.ts";

/**
 * One key of several, as in `compose(clientIp, path())`: each combination has its own quota, and no two combinations have
 * the same key. A part that is missing counts as such; `undefined` only if all are.
 */
export function compose<Subject, Info>(
  ...keys: Key<Subject, Info>[]
): (subject: Subject, info?: Info) => Promise<string | undefined> {
  return async (subject, info) => {
    const parts = await Promise.all(keys.map((key) => key(subject, info as Info)));
    return parts.every((part) => part === undefined || part === null)
      ? undefined
      : JSON.stringify(parts.map((part) => part ?? null));
  };
}

/**
 * The first key that is there, as in `firstOf(bearer(), clientIp)`: by token, else by address. No value of one can pass
 * for a value of another, as an API key that spells somebody's address would. `undefined` if none is there.
 */
export function firstOf<Subject, Info>(
  ...keys: Key<Subject, Info>[]
): (subject: Subject, info?: Info) => Promise<string | undefined> {
  return async (subject, info) => {
    for (const [i, key] of keys.entries()) {
      const part = await key(subject, info as Info);
      if (part !== undefined && part !== null) return `${i}:${part}`;
    }
    return undefined;
  };
}

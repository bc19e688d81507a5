import { sha256Text } from "../../core/digest.ts";
import type { Key } from "./key.ts";

/** A key that is stored as its SHA-256, in 43 characters: for what is a secret, as in `hashed(cookie("session"))`. */
export function hashed<Subject, Info>(
  key: Key<Subject, Info>,
): (subject: Subject, info?: Info) => Promise<string | undefined> {
  return async (subject, info) => {
    const value = await key(subject, info as Info);
    return value === undefined || value === null ? undefined : sha256Text(new TextEncoder().encode(value));
  };
}

import { sha256Text } from "../core/digest.ts";

/** Longer keys, in UTF-8 bytes, are stored by their digest. */
const MAX_KEY_BYTES = 128;

const utf8 = new TextEncoder();

/** A Redis Cluster places a key by what is in its first braces. Kept if it is ASCII and fits in beside a digest. */
const HASH_TAG = /^[^{]*({[ -|~]{1,83}})/;

/**
 * Where a key's state lies under a limiter's name: `name:kind:key`, or `name:kind#digest` for what is too long or can't be written in
 * UTF-8 (lone surrogates would all become the same character), with the key's `{tag}` before the digest. Distinct keys stay
 * distinct.
 */
export function storeKey(name: string, kind: string, key: string): string | Promise<string> {
  return isShort(key) ? `${name}:${kind}:${key}` : keyDigest(key).then((text) => `${name}:${kind}#${text}`);
}

/** Whether a key may stand in a store's key as it is. */
export function isShort(key: string): boolean {
  if (key.length > MAX_KEY_BYTES || !key.isWellFormed()) return false;
  return key.length * 3 <= MAX_KEY_BYTES || utf8.encode(key).length <= MAX_KEY_BYTES;
}

/**
 * What stands for any other: its hash tag and its SHA-256. That is of the UTF-16 code units, since these alone tell all strings
 * apart. A plain loop: `Uint16Array.from` takes nine times as long.
 */
export async function keyDigest(key: string): Promise<string> {
  const units = new Uint16Array(key.length);
  for (let i = 0; i < units.length; i += 1) units[i] = key.charCodeAt(i);
  return (HASH_TAG.exec(key)?.[1] ?? "") + (await sha256Text(units));
}

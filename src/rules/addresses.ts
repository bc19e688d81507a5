import { type Network, networkIn } from "./network.ts";

/** How deep keys of `compose` and `firstOf` are looked into. */
const MOST_DEPTH = 4;

/**
 * The addresses and networks in a key: the key itself as `clientIp` makes it, and such parts of keys of `compose` and `firstOf`.
 * The first nine of `firstOf` are known by their number, which is no group of a client's address.
 */
export function addressesIn(key: string, depth = 0): Network[] {
  if (depth > MOST_DEPTH) return [];
  if (key.startsWith("[")) return partsOf(key).flatMap((part) => addressesIn(part, depth + 1));
  const found = /^\d:./.test(key) ? addressesIn(key.slice(2), depth + 1) : [];
  if (found.length > 0) return found;
  const network = networkIn(key);
  return network ? [network] : [];
}

/** The parts of a key that `compose` made. */
function partsOf(key: string): string[] {
  try {
    const parts: unknown = JSON.parse(key);
    return Array.isArray(parts) ? parts.filter((part) => typeof part === "string") : [];
  } catch {
    return [];
  }
}

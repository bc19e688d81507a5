import { hashed } from "./hashed.ts";
import { type KeySource, requestOf } from "./source.ts";

/**
 * A key: the SHA-256 of the token in `Authorization: Bearer …`, so that the store never sees it; `undefined` where there
 * is none. Clients choose their tokens, so verify them first: a token that nothing verifies limits nobody.
 */
export function bearer(): (source: KeySource) => Promise<string | undefined> {
  return hashed((source: KeySource) => {
    const [, token] = /^bearer +(\S+)$/i.exec(requestOf(source).headers.get("Authorization") ?? "") ?? [];
    return token;
  });
}

import { createHash, timingSafeEqual } from "node:crypto";

/** Says whether a request may pass, in a time that does not depend on how much of the token is right. */
export type TokenCheck = (given: string | undefined) => boolean;

/** A check against `token`. */
export function createTokenCheck(token: string): TokenCheck {
  const expected = digest(token);
  return (given) => given !== undefined && timingSafeEqual(digest(given), expected);
}

/** The token of `Authorization: Bearer <token>`. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
}

// Digests have one length, which timingSafeEqual needs, and tell nothing about the token's own.
function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

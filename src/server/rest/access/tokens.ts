import { timingSafeEqual } from "node:crypto";

/** Says whether a token is the right one, in a time that does not depend on how much of it is right. */
export type TokenCheck = (given: string | undefined) => boolean;

/** Longest token in bytes. */
export const LONGEST_TOKEN = 1024;

/** A check against `token`. */
export function createTokenCheck(token: string): TokenCheck {
  // Both sides are padded to one length, which timingSafeEqual needs, so that the time tells nothing about it either.
  const padded = (text: string, into: Buffer) => {
    into.fill(0);
    into.write(text, 0, "utf8");
    return into;
  };
  const expected = padded(token, Buffer.alloc(LONGEST_TOKEN));
  const scratch = Buffer.alloc(LONGEST_TOKEN);
  const length = Buffer.byteLength(token);
  return (given) => {
    if (given === undefined || Buffer.byteLength(given) > LONGEST_TOKEN) return false;
    const isSame = timingSafeEqual(padded(given, scratch), expected);
    return isSame && Buffer.byteLength(given) === length;
  };
}

/** The token of `Authorization: Bearer <token>`. */
export function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined || header.slice(0, 7).toLowerCase() !== "bearer ") return undefined;
  return header.slice(7).trim();
}

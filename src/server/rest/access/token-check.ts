import { timingSafeEqual } from "node:crypto";

/** Checks texts in a time that does not depend on how much of one is right; how long the token is, is no secret. */
export function tokenCheck(token: string): (given: string) => boolean {
  const expected = Buffer.from(token);
  return (given) => {
    const bytes = Buffer.from(given);
    return bytes.length === expected.length && timingSafeEqual(bytes, expected);
  };
}

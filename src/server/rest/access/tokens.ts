import { hash, hkdfSync, timingSafeEqual } from "node:crypto";
import { EncryptJWT, jwtDecrypt } from "jose";
import type { RedisUser } from "../redis/address.ts";

/** Longest token in bytes that may be chosen. */
export const LONGEST_TOKEN = 1024;

/** A check against `token`, in a time that does not depend on how much of the given one is right. */
export function createTokenCheck(token: string): (given: string) => boolean {
  const expected = hash("sha256", token, "buffer");
  return (given) => timingSafeEqual(hash("sha256", given, "buffer"), expected);
}

/** Tokens that stand for an ACL user: what `ACL RESTTOKEN` returns. They hold the user, sealed; nothing is stored. */
export interface UserTokens {
  seal(user: RedisUser): Promise<string>;
  /** The user of such a token; undefined for any other text. */
  open(token: string): Promise<RedisUser | undefined>;
}

/** Tokens that are valid for as long as `secret` (the server's own token) stays the same. */
export function createUserTokens(secret: string): UserTokens {
  const key = new Uint8Array(hkdfSync("sha256", secret, "", "sluice redis-rest user tokens", 32));
  return {
    seal: (user) => new EncryptJWT({ ...user }).setProtectedHeader({ alg: "dir", enc: "A256GCM" }).encrypt(key),
    open: (token) =>
      jwtDecrypt<RedisUser>(token, key, { keyManagementAlgorithms: ["dir"] }).then(
        ({ payload: { name, password } }) => ({ name, password }),
        () => undefined,
      ),
  };
}

/** The token of `Authorization: Bearer <token>`. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^bearer +(.*)$/i.exec(header ?? "")?.[1]?.trim();
}

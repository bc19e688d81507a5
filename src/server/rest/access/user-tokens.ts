import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

/** A Redis ACL user. */
export interface RedisUser {
  readonly name: string;
  readonly password: string;
}

/** Tokens that stand for an ACL user: what `ACL RESTTOKEN` returns. They hold the user, sealed; nothing is stored. */
export interface UserTokens {
  seal(user: RedisUser): string;
  /** The user of such a token; undefined for any other text. */
  open(token: string): RedisUser | undefined;
}

const MARK = "acl.";

/** Tokens that are valid for as long as `secret` (the server's own token) stays the same. */
export function createUserTokens(secret: string): UserTokens {
  const key = Buffer.from(hkdfSync("sha256", secret, "", "sluice redis-rest user tokens", 32));
  return {
    seal({ name, password }) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      const sealed = Buffer.concat([cipher.update(JSON.stringify([name, password])), cipher.final()]);
      return MARK + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64url");
    },
    open(token) {
      if (!token.startsWith(MARK)) return undefined;
      const bytes = Buffer.from(token.slice(MARK.length), "base64url");
      try {
        const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12), { authTagLength: 16 });
        decipher.setAuthTag(bytes.subarray(12, 28));
        const text = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString();
        const [name, password] = JSON.parse(text) as [string, string];
        return { name, password };
      } catch {
        return undefined;
      }
    },
  };
}

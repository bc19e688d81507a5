import { hkdfSync } from "node:crypto";
import { EncryptJWT, jwtDecrypt } from "jose";
import { RestError } from "../../errors.ts";
import type { RedisUser } from "../redis/address.ts";
import type { RedisLink } from "../redis/link.ts";
import type { Command } from "../redis/protocol.ts";
import { tokenCheck } from "./token-check.ts";

/** What the bearer of a token may do. */
export interface Access {
  readonly readOnly: boolean;
  /** True for the server's own token, which alone may issue others and watch all commands. */
  readonly isOwner: boolean;
  /** The connection that the bearer's commands go through. */
  readonly redis: RedisLink;
}

export interface AccessOptions {
  readonly redis: RedisLink;
  readonly token: string;
  readonly readOnlyToken?: string | undefined;
  /** Connects as another Redis user. @throws if Redis does not let it in */
  connectAs(user: RedisUser): Promise<RedisLink>;
}

/** Who may do what, by token. */
export type AccessControl = ReturnType<typeof createAccessControl>;

export function createAccessControl({ redis, token, readOnlyToken, connectAs }: AccessOptions) {
  const isOwner = tokenCheck(token);
  const isReader = readOnlyToken === undefined ? () => false : tokenCheck(readOnlyToken);
  const owner: Access = { readOnly: false, isOwner: true, redis };
  const reader: Access = { readOnly: true, isOwner: false, redis };
  // Tokens of ACL users hold the user, encrypted; nothing is stored. They are valid as long as `token` stays the same.
  const key = new Uint8Array(hkdfSync("sha256", token, "", "sluice redis-rest user tokens", 32));
  const links = new Map<string, Promise<RedisLink>>();
  const linkFor = (user: RedisUser): Promise<RedisLink> => {
    const id = JSON.stringify([user.name, user.password]);
    const link = links.get(id) ?? connectAs(user);
    links.set(id, link);
    link.catch(() => links.delete(id));
    return link;
  };
  const userAccess = async (given: string): Promise<Access> => {
    const unauthorized = new RestError(401, "WRONGPASS invalid or missing auth token");
    const { payload } = await jwtDecrypt<RedisUser>(given, key).catch(() => Promise.reject(unauthorized));
    const away = new RestError(503, "UNAVAILABLE Redis can't be reached");
    const link = await linkFor(payload).catch(() => Promise.reject(redis.isReady() ? unauthorized : away));
    return { readOnly: false, isOwner: false, redis: link };
  };
  return {
    /** The access that a token gives. @throws {RestError} 401 if it gives none */
    accessFor(given = ""): Access | Promise<Access> {
      if (isOwner(given)) return owner;
      return isReader(given) ? reader : userAccess(given);
    },
    /** The token of `ACL RESTTOKEN user password`. @throws {RestError} 400 for a wrong pair */
    async issue(args: Command): Promise<string> {
      if (args.length !== 2) throw new RestError(400, "ERR wrong number of arguments for 'acl|resttoken' command");
      const [name, password] = args.map(String) as [string, string];
      const wrong = new RestError(400, `ERR Wrong password or user "${name}" does not exist`);
      await linkFor({ name, password }).catch(() => Promise.reject(wrong));
      return new EncryptJWT({ name, password }).setProtectedHeader({ alg: "dir", enc: "A256GCM" }).encrypt(key);
    },
    async close(): Promise<void> {
      for (const link of await Promise.allSettled(links.values())) if (link.status === "fulfilled") link.value.close();
    },
  };
}

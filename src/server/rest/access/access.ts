import { RestError } from "../../errors.ts";
import type { RedisUser } from "../redis/address.ts";
import type { Word } from "../redis/protocol.ts";
import type { RedisLink } from "../redis/redis-link.ts";
import { createTokenCheck, createUserTokens } from "./tokens.ts";

/** What the bearer of a token may do. */
export interface Access {
  readonly readOnly: boolean;
  /** True for the server's own token, which alone may issue others and watch all commands. */
  readonly isOwner: boolean;
  /** The connection that the bearer's commands go through. */
  readonly redis: RedisLink;
}

export interface AccessControl {
  /** The access that a token gives. @throws {RestError} 401 if it gives none */
  accessFor(token: string | undefined): Access | Promise<Access>;
  /** The token of `ACL RESTTOKEN user password`. @throws {RestError} 400 for a wrong pair */
  issue(args: readonly Word[]): Promise<string>;
  close(): Promise<void>;
}

export interface AccessOptions {
  readonly redis: RedisLink;
  readonly token: string;
  readonly readOnlyToken?: string | undefined;
  /** Connects as another Redis user. @throws if Redis does not let it in */
  connectAs(user: RedisUser): Promise<RedisLink>;
}

const MOST_USERS = 32;

/** Who may do what, by token. */
export function createAccessControl({ redis, token, readOnlyToken, connectAs }: AccessOptions): AccessControl {
  const isOwner = createTokenCheck(token);
  const isReader = readOnlyToken === undefined ? () => false : createTokenCheck(readOnlyToken);
  const userTokens = createUserTokens(token);
  const users = new Map<string, Promise<RedisLink>>();

  const close = (link: Promise<RedisLink> | undefined) => link?.then((each) => each.close()).catch(() => {});
  const linkFor = (user: RedisUser): Promise<RedisLink> => {
    const id = JSON.stringify([user.name, user.password]);
    const known = users.get(id);
    if (known) return known;
    const link = connectAs(user);
    users.set(id, link);
    link.catch(() => users.delete(id));
    const [oldest = ""] = users.keys();
    if (users.size > MOST_USERS) {
      void close(users.get(oldest));
      users.delete(oldest);
    }
    return link;
  };
  const accessOf = async (given: string): Promise<Access> => {
    const user = await userTokens.open(given);
    if (user === undefined) throw unauthorized();
    const link = await linkFor(user).catch(() => {
      throw redis.isReady() ? unauthorized() : new RestError(503, "UNAVAILABLE Redis can't be reached");
    });
    return { readOnly: false, isOwner: false, redis: link };
  };

  return {
    accessFor(given = "") {
      if (isOwner(given)) return { readOnly: false, isOwner: true, redis };
      return isReader(given) ? { readOnly: true, isOwner: false, redis } : accessOf(given);
    },
    async issue(args) {
      if (args.length !== 2) throw new RestError(400, "ERR wrong number of arguments for 'acl|resttoken' command");
      const [name, password] = args.map(String) as [string, string];
      await linkFor({ name, password }).catch(() => {
        throw new RestError(400, `ERR Wrong password or user "${name}" does not exist`);
      });
      return userTokens.seal({ name, password });
    },
    async close() {
      await Promise.all([...users.values()].map(close));
    },
  };
}

function unauthorized(): RestError {
  return new RestError(401, "WRONGPASS invalid or missing auth token");
}

import type { ConnectionOptions } from "node:tls";
import { ExpectedError } from "../../errors.ts";

/** Where a Redis is, and how to get in. Without TLS, `tls` is undefined. */
export type RedisAddress = ReturnType<typeof parseAddress>;
export type RedisNode = { readonly host: string; readonly port: number };
/** An ACL user; an empty name is the default user's, an empty password is none. */
export type RedisUser = { readonly name: string; readonly password: string };

const FORM = /^redis(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^@/?#]+)(?:\/([^?#]*))?$/;
const FORMS = "redis://host:port, rediss://…, redis+sentinel://host:port/master-name or redis+cluster://…";

/** Reads the URLs that `RedisRestOptions` names; `tls` is for `rediss`. @throws {ExpectedError} for any other text */
export function parseAddress(url: string, tls: ConnectionOptions = {}) {
  const [, secure, kind = "server", name, password, hosts, path = ""] = FORM.exec(url) ?? [];
  const names = path.split("/").filter((each) => each !== "");
  const master = kind === "sentinel" ? names.shift() : "";
  if (hosts === undefined || master === undefined) throw new ExpectedError(`a Redis URL is ${FORMS}`);
  const [database = "0"] = names;
  if (!/^\d+$/.test(database)) throw new ExpectedError(`a Redis database is a number, not ${database}`);
  return {
    kind,
    /** The server, the sentinels, or some of the cluster's nodes. */
    nodes: hosts.split(",").map((host) => toNode(host, kind === "sentinel" ? 26379 : 6379)) as readonly RedisNode[],
    /** The name by which sentinels know the master. */
    master,
    user: { name: decode(name), password: decode(password) } as RedisUser,
    database: Number(database),
    tls: secure === "s" ? tls : undefined,
  };
}

export const withoutPassword = (url: string): string => url.replace(/\/\/[^/]*@/, "//***@");

function toNode(text: string, defaultPort: number): RedisNode {
  const [, bracketed, plain, port = defaultPort] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw new ExpectedError(`not a Redis host: ${text}`);
  return { host, port: Number(port) };
}

function decode(text = ""): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ExpectedError("a % in the user or password of a Redis URL is written %25");
  }
}

import type { ConnectionOptions } from "node:tls";
import { ExpectedError } from "../../errors.ts";

/** A Redis ACL user; an empty name is the default user's, an empty password is none. */
export type RedisUser = { readonly name: string; readonly password: string };
export type RedisNode = { readonly host: string; readonly port: number };

/** Where a Redis is, and how to get in. */
export interface RedisAddress {
  readonly kind: "server" | "sentinel" | "cluster";
  /** The server, the sentinels, or some of the cluster's nodes. */
  readonly nodes: readonly RedisNode[];
  /** The name by which sentinels know the master. */
  readonly master: string;
  readonly user: RedisUser;
  readonly database: number;
  /** Undefined without TLS. */
  readonly tls: ConnectionOptions | undefined;
}

const FORM = /^redis(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^@/?#]+)(?:\/([^?#]*))?$/;
const FORMS =
  "a Redis URL is redis://host:port, rediss://…, redis+sentinel://host:port/master-name or redis+cluster://…";

/** Reads the URLs that `RedisRestOptions` names; `tls` is for `rediss`. @throws {ExpectedError} for any other text */
export function parseAddress(url: string, tls: ConnectionOptions = {}): RedisAddress {
  const [, secure, kind = "server", name, password, hosts, path = ""] = FORM.exec(url) ?? [];
  const names = path.split("/").filter((each) => each !== "");
  const master = kind === "sentinel" ? names.shift() : "";
  if (hosts === undefined || master === undefined) throw new ExpectedError(FORMS);
  const [database = "0"] = names;
  if (!/^\d+$/.test(database)) throw new ExpectedError(`a Redis database is a number, not ${database}`);
  return {
    kind: kind as RedisAddress["kind"],
    nodes: hosts.split(",").map((host) => toNode(host, kind === "sentinel" ? 26379 : 6379)),
    master,
    user: { name: decode(name), password: decode(password) },
    database: Number(database),
    tls: secure === "s" ? tls : undefined,
  };
}

/** The URL as it may be shown. */
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

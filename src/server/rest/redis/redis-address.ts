import type { ConnectionOptions } from "node:tls";
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from "ioredis";
import { ExpectedError } from "../../errors.ts";
import type { RedisUser } from "../access/user-tokens.ts";

const FORM = /^(rediss?)(\+cluster|\+sentinel)?:\/\/(?:([^@/]*)@)?([^/?#]+)(?:\/([^?#]*))?$/;

/** Settings of the address that are no part of its URL. */
export interface RedisAddressOptions {
  /** Instead of the user in the URL. */
  readonly user?: RedisUser | undefined;
  /** For TLS: a private CA, a client certificate. */
  readonly tls?: ConnectionOptions | undefined;
}

/**
 * A client, not connected yet, for one of
 * - `redis://[user:password@]host[:port][/db]`
 * - `redis+sentinel://[user:password@]host:port,host:port/master-name[/db]`
 * - `redis+cluster://[user:password@]host:port,host:port`
 *
 * and the same with `rediss` for TLS.
 * @throws {ExpectedError} for any other text
 */
export function createClient(url: string, settings: RedisOptions, { user, tls }: RedisAddressOptions): Redis | Cluster {
  const [, scheme, kind, credentials = "", hosts, path = ""] = FORM.exec(url) ?? [];
  if (hosts === undefined) {
    throw new ExpectedError("a Redis URL is redis://host:port, rediss://…, redis+sentinel://… or redis+cluster://…");
  }
  const nodes = hosts.split(",").map((host) => toNode(host, kind === "+sentinel" ? 26379 : 6379));
  const options = {
    ...settings,
    ...toCredentials(credentials),
    ...(user && { username: user.name, password: user.password }),
    ...(scheme === "rediss" && { tls: tls ?? {} }),
  };
  if (kind === "+cluster") return new Cluster(nodes, clusterOptions(options));
  const names = path.split("/").filter((name) => name !== "");
  const name = kind === "+sentinel" ? names.shift() : undefined;
  const db = toDatabase(names[0]);
  if (kind === undefined) return new Redis({ ...options, ...nodes[0], db });
  if (name === undefined)
    throw new ExpectedError("a sentinel URL names its master: redis+sentinel://host:port/master-name");
  return new Redis({ ...options, sentinels: nodes, name, db, enableTLSForSentinelMode: scheme === "rediss" });
}

/** The URL as it may be shown. */
export function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/]*@/, "//***@");
}

function clusterOptions({ retryStrategy, lazyConnect, ...redisOptions }: RedisOptions): ClusterOptions {
  return {
    redisOptions,
    lazyConnect: lazyConnect ?? false,
    clusterRetryStrategy: retryStrategy as (attempt: number) => number,
    enableOfflineQueue: false,
    // A command whose connection broke may have run: it is not sent again.
    retryDelayOnFailover: 0,
    slotsRefreshTimeout: 5000,
  };
}

function toNode(text: string, defaultPort: number): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw new ExpectedError(`not a Redis host: ${text}`);
  return { host, port: port === undefined ? defaultPort : Number(port) };
}

function toCredentials(text: string): { username?: string; password?: string } {
  const colon = text.indexOf(":");
  const username = decodeURIComponent(colon === -1 ? text : text.slice(0, colon));
  const password = colon === -1 ? "" : decodeURIComponent(text.slice(colon + 1));
  return { ...(username !== "" && { username }), ...(password !== "" && { password }) };
}

function toDatabase(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d+$/.test(text)) throw new ExpectedError(`a Redis database is a number, not ${text}`);
  return Number(text);
}

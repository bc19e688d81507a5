import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { ExpectedError } from "../errors.ts";
import type { MayInstall, Say } from "../redis/install-redis.ts";
import { type PrivateRedis, startPrivateRedis } from "../redis/private-redis.ts";
import { createAccessControl } from "./access/access.ts";
import { type CommandObserver, createGateway } from "./commands/gateway.ts";
import { createScripts } from "./commands/scripts.ts";
import { createCommandTable } from "./commands/table.ts";
import { createContract } from "./http/contract.ts";
import { createListener } from "./http/listener.ts";
import { createRouter } from "./http/router.ts";
import { startHttpServer } from "./http/server.ts";
import { type LimitOptions, limitsWith } from "./limits.ts";
import { parseAddress, withoutPassword } from "./redis/address.ts";
import { connectRedis, type RedisLinkOptions } from "./redis/link.ts";

export { ExpectedError } from "../errors.ts";
export type { MayInstall } from "../redis/install-redis.ts";
export type { PrivateRedis } from "../redis/private-redis.ts";
export type { CommandObserver } from "./commands/gateway.ts";
export type { LimitOptions, Limits } from "./limits.ts";

export interface RedisRestOptions {
  /** Port to listen on; default 0: a free one. */
  readonly port?: number | undefined;
  /** Address to listen on; default `127.0.0.1`. Any other than loopback needs a `token` of your choice. */
  readonly host?: string | undefined;
  /**
   * URL of a running Redis: `redis://[user:password@]host[:port][/db]`, `redis+sentinel://host:port,…/master-name`,
   * `redis+cluster://host:port,…`, each with `rediss` for TLS; default: a private one is started and ended with this.
   */
  readonly redis?: string | undefined;
  /** For `rediss`: a private CA, a client certificate. */
  readonly tls?: ConnectionOptions | undefined;
  /** Token that clients send, up to 1024 bytes; default: a random one. */
  readonly token?: string | undefined;
  /** A second token, which may only read; default: none. */
  readonly readOnlyToken?: string | undefined;
  /** What one client may ask; default: see {@link Limits}. */
  readonly limits?: LimitOptions | undefined;
  /** Origins of web pages that may ask, e.g. `https://example.org`, or `*`; default: none, browsers refuse them. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Whether Redis may be installed where there is none; default false: an error tells how. */
  readonly install?: MayInstall | undefined;
  /** So long a private Redis stays away that ended by itself, before it is started again, empty; default 3000 ms. */
  readonly restartAfterMs?: number | undefined;
  /** Told in lines what is done on this machine, e.g. that Redis is installed; default: silent. */
  readonly say?: Say | undefined;
  /** Told about each command when it is done; default: nobody. */
  readonly onCommand?: CommandObserver | undefined;
}

export interface RedisRest {
  /** `http://127.0.0.1:port`: what `@upstash/redis` takes as `url`. */
  readonly url: string;
  readonly token: string;
  /** URL of the Redis behind it, password included, for a client of one's own. */
  readonly redisUrl: string;
  /** The private server, where none was given: kill and restart it to test outages. */
  readonly privateRedis: PrivateRedis | undefined;
  /** How many clients are connected now. */
  connections(): number;
  /** Finishes answers under way (for at most 5 s), then ends everything that was started. Can be called twice. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 5000;
const LONGEST_TOKEN = 1024;

/**
 * Starts an HTTP server that speaks the Upstash REST contract over a real Redis.
 * @throws {ExpectedError} if an option can't be, the port is taken, Redis can't be reached, or there is none
 */
export async function createRedisRest(options: RedisRestOptions = {}): Promise<RedisRest> {
  const { port = 0, host = "127.0.0.1", restartAfterMs = 3000, corsOrigins = [], readOnlyToken } = options;
  checkTokens(options, host);
  const token = options.token ?? randomBytes(24).toString("base64url");
  const limits = limitsWith(options.limits);
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  try {
    const { install, say } = options;
    const ownRedis = () => startPrivateRedis({ install, say, restartAfterMs });
    const privateRedis = options.redis === undefined ? await ownRedis() : undefined;
    if (privateRedis) closers.push(privateRedis.stop);
    const redisUrl = options.redis ?? (privateRedis as PrivateRedis).url;
    const [table, scripts] = [createCommandTable(), createScripts()];
    const address = parseAddress(redisUrl, options.tls);
    const settings = { address, timeoutMs: limits.redisTimeoutMs, firstKey: table.firstKey };
    const prepare: RedisLinkOptions["prepare"] = async (send) => {
      // Refused while Redis loads its data.
      await send(["PING"]);
      table.learn(await send(["COMMAND"]));
      for (const command of scripts.reload()) send(command).catch(() => {});
    };
    const redis = await connectRedis({ ...settings, prepare }).catch((error: Error) => {
      throw new ExpectedError(`can't use Redis at ${withoutPassword(redisUrl)}: ${error.message}`);
    });
    closers.push(redis.close);
    const connectAs = (user: typeof address.user) =>
      connectRedis({ ...settings, address: { ...address, user }, prepare: async () => {} });
    const accessControl = createAccessControl({ redis, token, readOnlyToken, connectAs });
    closers.push(accessControl.close);
    const gateway = createGateway({ table, scripts, issueToken: accessControl.issue, observe: options.onCommand });
    const contract = createContract(gateway, accessControl, limits);
    const streams = new Set<() => void>();
    const listener = createListener(contract, createRouter({ redis, contract, corsOrigins, streams }));
    const server = await startHttpServer(listener, host, port, limits.clientTimeoutMs);
    closers.push(() => {
      for (const end of streams) end();
      return server.close(CLOSE_GRACE_MS);
    });
    return { url: server.url, token, redisUrl, privateRedis, connections: server.connections, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function checkTokens({ token, readOnlyToken }: RedisRestOptions, host: string): void {
  const isLoopback = host === "localhost" || (isIP(host) === 4 ? host.startsWith("127.") : host === "::1");
  if (!isLoopback && token === undefined) {
    throw new ExpectedError(`${host} can be reached from other machines: choose a token of your own with --token`);
  }
  for (const each of [token, readOnlyToken]) {
    if (each === undefined || (/^[\x21-\x7e]+$/.test(each) && each.length <= LONGEST_TOKEN)) continue;
    throw new ExpectedError(`a token is 1 to ${LONGEST_TOKEN} visible ASCII characters`);
  }
  if (token !== undefined && token === readOnlyToken) throw new ExpectedError("the read-only token is another one");
}

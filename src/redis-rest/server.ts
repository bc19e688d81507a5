import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { createApp } from "./app.ts";
import { ExpectedError } from "./errors.ts";
import type { Say } from "./install-redis.ts";
import { type PrivateRedis, startPrivateRedis } from "./private-redis.ts";
import { connectRedis } from "./redis-link.ts";

export type { PrivateRedis } from "./private-redis.ts";

export interface RedisRestOptions {
  /** Port to listen on; default 0: a free one. */
  readonly port?: number;
  /** Address to listen on; default `127.0.0.1`. */
  readonly host?: string;
  /** `redis://` or `rediss://` URL of a running Redis; default: a private one is started and ended with this server. */
  readonly redis?: string;
  /** Token that clients send; default: a random one. */
  readonly token?: string;
  /** Told in lines what is done on this machine, e.g. that Redis is installed; default: silent. */
  readonly say?: Say;
}

export interface RedisRest {
  /** `http://127.0.0.1:port`: what `@upstash/redis` takes as `url`. */
  readonly url: string;
  readonly token: string;
  /** URL of the Redis behind it, password included, for a client of one's own. */
  readonly redisUrl: string;
  /** The private server, where none was given: kill and restart it to test outages. */
  readonly privateRedis: PrivateRedis | undefined;
  /** Finishes answers under way, then ends everything that was started. Can be called twice. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 10 * 1024 * 1024;

/**
 * Starts an HTTP server that speaks the Upstash REST contract over a real Redis.
 * @throws {ExpectedError} if the port is taken, Redis can't be reached, or none is there and none can be installed
 */
export async function createRedisRest(options: RedisRestOptions = {}): Promise<RedisRest> {
  const token = options.token ?? randomBytes(24).toString("base64url");
  const privateRedis =
    options.redis === undefined ? await startPrivateRedis(options.say ? { say: options.say } : {}) : undefined;
  const redisUrl = options.redis ?? (privateRedis as PrivateRedis).url;
  const closers: (() => Promise<void>)[] = [async () => privateRedis?.stop()];
  const close = async () => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  try {
    const redis = await connectRedis(redisUrl);
    closers.push(() => redis.close());
    const app = createApp({ redis, token, maxBodyBytes: MAX_BODY_BYTES });
    const server = createAdaptorServer({ fetch: app.fetch }) as Server;
    await listen(server, options.port ?? 0, options.host ?? "127.0.0.1");
    closers.push(() => closeServer(server));
    const { address, port } = server.address() as AddressInfo;
    const host = address.includes(":") ? `[${address}]` : address;
    return { url: `http://${host}:${port}`, token, redisUrl, privateRedis, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  await once(server, "listening").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw new ExpectedError(`can't listen on ${host}:${port}: ${error.message}`);
    throw new ExpectedError(`port ${port} is already in use: end the other program or choose another --port`);
  });
}

async function closeServer(server: Server): Promise<void> {
  server.close();
  server.closeIdleConnections();
  await once(server, "close");
}

import { Redis } from "ioredis";
import { type PrivateRedis, startPrivateRedis } from "../../src/server/redis/private-redis.ts";
import { ioredisClient, ioredisOptions } from "../../src/store/ioredis.ts";
import type { RedisClient } from "../../src/store/redis-client.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** A real Redis that is as far away as `delayMs` says. */
export interface FarRedis {
  readonly client: RedisClient;
  readonly server: PrivateRedis;
  readonly proxy: TcpProxy;
  /** Requests made so far. */
  readonly trips: number;
  /** A connection without the delay, to look into it. */
  readonly inside: Redis;
  stop(): Promise<void>;
}

export async function startFarRedis(delayMs: number): Promise<FarRedis> {
  const server = await startPrivateRedis();
  const proxy = await startTcpProxy(server.port);
  const url = new URL(server.url);
  url.port = `${proxy.port}`;
  const redis = new Redis(url.href, { ...ioredisOptions, lazyConnect: true, retryStrategy: () => 50 });
  redis.on("error", () => {});
  const inside = new Redis(server.url, { ...ioredisOptions, lazyConnect: true, retryStrategy: () => 50 });
  inside.on("error", () => {});
  await Promise.all([redis.connect(), inside.connect()]);
  proxy.delayMs = delayMs;
  const client = ioredisClient(redis);
  let trips = 0;
  const counted = <Args extends unknown[]>(send: (...args: Args) => Promise<unknown>) => {
    return (...args: Args) => {
      trips += 1;
      return send(...args);
    };
  };
  const counting = ({ evalsha, eval: text, del, withSignal }: RedisClient): RedisClient => ({
    evalsha: counted(evalsha),
    eval: counted(text),
    del: counted(del),
    ...(withSignal && { withSignal: (signal) => counting(withSignal(signal)) }),
  });
  return {
    client: counting(client),
    server,
    proxy,
    get trips() {
      return trips;
    },
    inside,
    async stop() {
      redis.disconnect();
      inside.disconnect();
      await proxy.close();
      await server.stop();
    },
  };
}

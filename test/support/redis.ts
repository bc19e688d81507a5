import { randomUUID } from "node:crypto";
import { type ChainableCommander, Redis } from "ioredis";
import { ioredisOptions } from "../../src/store/ioredis.ts";
import type { RedisClient } from "../../src/store/redis-client.ts";

/** A prefix that no other test uses. */
export const uniqueName = () => `t${randomUUID().slice(0, 12)}`;

/** Ms since the epoch: for keys that are to stay. */
export const FAR_FUTURE = 2 ** 43;

/** A connection that is ready. */
export async function connect(url: string): Promise<Redis> {
  const redis = new Redis(url, { ...ioredisOptions, lazyConnect: true });
  await redis.connect();
  return redis;
}

/** A reply to TIME in ms. */
export function msOf(time: unknown): number {
  const [seconds, microseconds] = time as [string, string];
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}

/**
 * What `ioredisClient` makes, for tests whose clock is not that of Redis: keys stay until they are deleted. What expires is whole by then,
 * so it makes no difference to any answer; test/algorithm/ttl.test.ts has the expiry itself.
 */
export function lastingClientOf(redis: Redis): RedisClient {
  // In one transaction time stands still for expiry, so that even a life of 1 ms can't end before PEXPIREAT.
  async function lasting(key: string, command: (transaction: ChainableCommander) => ChainableCommander) {
    const replies = await command(redis.multi()).pexpireat(key, FAR_FUTURE).exec();
    const [error, reply] = replies?.[0] ?? [new Error("no reply")];
    if (error) throw error;
    return reply;
  }
  return {
    evalsha: (sha1, keys, args) => lasting(`${keys[0]}`, (t) => t.evalsha(sha1, keys.length, ...keys, ...args)),
    eval: (script, keys, args) => lasting(`${keys[0]}`, (t) => t.eval(script, keys.length, ...keys, ...args)),
    del: (key) => redis.del(key),
  };
}

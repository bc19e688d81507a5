import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import type { RedisClient } from "../../src/store/redis-client.js";

/** A key prefix that no other test uses. */
export const uniquePrefix = () => `t${randomUUID().slice(0, 12)}`;

/** A connection as the store wants its client. */
export function clientOf(redis: Redis): RedisClient {
  return {
    evalsha: (sha1, keys, args) => redis.evalsha(sha1, keys.length, ...keys, ...args),
    eval: (script, keys, args) => redis.eval(script, keys.length, ...keys, ...args),
    del: (key) => redis.del(key),
  };
}

/**
 * The same, for tests whose clock is not Redis's own: keys written stay until they are deleted. What expires is whole by
 * then, so that it makes no difference to what is answered; test/algorithm/ttl.test.ts has the expiry itself.
 */
export function lastingClientOf(redis: Redis): RedisClient {
  const lasting = (command: (transaction: ReturnType<Redis["multi"]>) => void, key: string) => {
    const transaction = redis.multi();
    command(transaction);
    // In one transaction the time stands still for expiry, so that even a life of 1 ms can't end before PERSIST.
    return transaction
      .persist(key)
      .exec()
      .then((replies) => {
        const [error, reply] = replies?.[0] ?? [new Error("no reply")];
        if (error) throw error;
        return reply;
      });
  };
  return {
    evalsha: (sha1, keys, args) => lasting((t) => t.evalsha(sha1, keys.length, ...keys, ...args), keys[0] as string),
    eval: (script, keys, args) => lasting((t) => t.eval(script, keys.length, ...keys, ...args), keys[0] as string),
    del: (key) => redis.del(key),
  };
}

export function connect(url: string): Redis {
  return new Redis(url, { maxRetriesPerRequest: 0, enableReadyCheck: false });
}

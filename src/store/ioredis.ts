import { misuse } from "../core/misuse.ts";
import { createWaiting, type Emitter } from "./connecting.ts";
import type { RedisClient } from "./redis-client.ts";

/** As much of ioredis's `Redis` as a limiter needs. */
export interface IoredisConnection extends Emitter {
  readonly status: string;
  readonly options: {
    readonly enableOfflineQueue?: boolean | undefined;
    readonly autoResendUnfulfilledCommands?: boolean | undefined;
    readonly maxRetriesPerRequest?: number | null | undefined;
  };
  connect(): Promise<void>;
  evalsha(sha1: string, keyCount: number, ...keysAndArgs: string[]): Promise<unknown>;
  eval(script: string, keyCount: number, ...keysAndArgs: string[]): Promise<unknown>;
  del(key: string): Promise<unknown>;
}

/**
 * The options that a `Redis` for a limiter must have, for `new Redis(url, ioredisOptions)` or `redis.duplicate(ioredisOptions)`. With
 * others ioredis sends again what a broken connection left without an answer, and sends late what was given up on.
 */
export const ioredisOptions = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
} as const;

/**
 * The client for `redisStore` on a `Redis` of ioredis 5 that has `ioredisOptions`: for Node, Bun and Deno, not for Workers. With
 * `lazyConnect: true` it connects at the first check. A check that comes while it connects waits for that, no longer than
 * its deadline, and is never sent later; one that is under way when the connection breaks fails and is never sent again.
 * Errors of the connection are told by the checks. Throws a `TypeError` that names the option.
 */
export function ioredisClient(redis: IoredisConnection): RedisClient {
  if (typeof redis?.evalsha !== "function" || (redis as { isCluster?: boolean }).isCluster) {
    throw misuse("redis", "a Redis of ioredis (no Cluster: it sends commands again)", redis);
  }
  for (const [name, value] of Object.entries(ioredisOptions)) {
    const given = redis.options[name as keyof typeof ioredisOptions];
    if (given !== value) throw misuse(`redis.options.${name}`, `${value}`, given);
  }
  const connected = createWaiting(redis);

  const client = (signal?: AbortSignal): RedisClient => {
    async function send(command: () => Promise<unknown>): Promise<unknown> {
      // Once it has ended ioredis says so itself.
      if (redis.status !== "ready" && redis.status !== "end") {
        if (redis.status === "wait") redis.connect().catch(() => {});
        await connected(signal);
        signal?.throwIfAborted();
      }
      return command();
    }
    return {
      evalsha: (sha1, keys, args) => send(() => redis.evalsha(sha1, keys.length, ...keys, ...args)),
      eval: (script, keys, args) => send(() => redis.eval(script, keys.length, ...keys, ...args)),
      del: (key) => send(() => redis.del(key)),
      withSignal: client,
    };
  };
  return client();
}

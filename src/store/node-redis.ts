import { misuse } from "../core/misuse.ts";
import { createWaiting, type Emitter } from "./connecting.ts";
import type { RedisClient } from "./redis-client.ts";

/** As much of a client of the package `redis` as a limiter needs. */
export interface NodeRedisConnection extends Emitter {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  connect(): Promise<unknown>;
  sendCommand(args: string[], options?: { abortSignal?: AbortSignal }): Promise<unknown>;
  withAbortSignal(signal: AbortSignal): unknown;
}

/**
 * The client for `redisStore` on a client of `createClient` from the package `redis`, from version 5: for Node, Bun and Deno,
 * not for Workers. Connects it at the first check if nobody has. A check that comes while it connects waits for that, no
 * longer than its deadline, and is never sent later; one that is under way when the connection breaks fails and is never
 * sent again. Errors of the connection are told by the checks. Throws a `TypeError`.
 */
export function nodeRedisClient(redis: NodeRedisConnection): RedisClient {
  // Pools, clusters, sentinels and version 4 lack one of them; they keep or repeat commands, or can't take them back.
  if (typeof redis?.isReady !== "boolean" || typeof redis.withAbortSignal !== "function") {
    throw misuse("redis", "a client of createClient from the package redis, version 5 or newer", redis);
  }
  const connected = createWaiting(redis);
  let wasOpen = false;

  const client = (signal?: AbortSignal): RedisClient => {
    async function send(...command: string[]): Promise<unknown> {
      if (!redis.isOpen && !wasOpen) redis.connect().catch(() => {});
      wasOpen = true;
      // Once it is closed it says so itself.
      if (redis.isOpen && !redis.isReady) {
        await connected(signal);
        signal?.throwIfAborted();
      }
      return redis.sendCommand(command, signal && { abortSignal: signal });
    }
    return {
      evalsha: (sha1, keys, args) => send("EVALSHA", sha1, `${keys.length}`, ...keys, ...args),
      eval: (script, keys, args) => send("EVAL", script, `${keys.length}`, ...keys, ...args),
      del: (key) => send("DEL", key),
      withSignal: client,
    };
  };
  return client();
}

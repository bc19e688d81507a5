import type { Redis as FullRedis } from "@upstash/redis";
import type { RedisClient } from "../../store/redis-client.ts";

/** What the types ask of a client. */
export type Redis = Pick<FullRedis, "evalsha" | "get" | "set">;

export type { FullRedis };

/** What clients threw, by the signal of the call. */
const thrown = new WeakMap<AbortSignal, unknown>();

/** What the client threw when it was asked under this signal. */
export const thrownUnder = (signal: AbortSignal): unknown => thrown.get(signal);

/** The client as a store takes it, which keeps what it throws for the caller. */
export function clientOf(redis: Redis): RedisClient {
  const full = redis as unknown as RedisClient;

  function keeping(client: () => RedisClient, signal?: AbortSignal): RedisClient {
    async function kept<T>(task: () => Promise<T>): Promise<T> {
      try {
        return await task();
      } catch (error) {
        if (signal) thrown.set(signal, error);
        throw error;
      }
    }
    return {
      evalsha: (sha1, keys, args) => kept(() => client().evalsha(sha1, keys, args)),
      eval: (script, keys, args) => kept(() => client().eval(script, keys, args)),
      del: (key) => kept(() => client().del(key)),
      // Looked up by `in`, since a client with commands of any name would take it for one.
      withSignal: (signal) =>
        keeping(() => ("withSignal" in full ? (full.withSignal?.(signal) ?? full) : full), signal),
    };
  }
  return keeping(() => full);
}

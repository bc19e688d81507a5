import { redisStore } from "../../store/redis.ts";
import type { RedisClient } from "../../store/redis-client.ts";
import { withDeadline } from "../deadline.ts";
import { timeOf } from "../time.ts";
import type { LimiterDescription } from "./description.ts";
import { readDescriptions } from "./descriptions.ts";

export interface ReadLimitersOptions {
  /** A client as for `redisStore`, of the Redis that `rules` or `analytics` use. */
  redis: RedisClient;
  /** Theirs. Default: none. */
  namespace?: string | undefined;
}

const TIMEOUT_MS = 10_000;

/**
 * The limiters that this database knows of, by name: those with `rules` or `analytics` that have run within 30 days. Of two that share a
 * name the one that wrote last, with what else was said (`otherwise`). Rejects with a `StoreError` if Redis can't be asked.
 */
export async function readLimiters({ redis, namespace }: ReadLimitersOptions): Promise<LimiterDescription[]> {
  const store = redisStore(redis, { namespace });
  return withDeadline(TIMEOUT_MS, undefined, (signal) => readDescriptions(store, timeOf(Date.now), signal));
}

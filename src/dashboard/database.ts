import type { RedisClient } from "../store/redis-client.ts";

/** Where limiters, `analytics` and `rules` keep what the page shows. */
export interface Database {
  readonly redis: RedisClient;
  readonly namespace: string | undefined;
}

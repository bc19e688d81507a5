import { Ratelimit } from "@upstash/ratelimit";
import type { Redis } from "ioredis";
import {
  createLimiter,
  fixedWindow,
  type Policy,
  parts,
  redisStore,
  slidingLog,
  slidingWindow,
  tokenBucket,
} from "sluice";
import { ioredisClient } from "sluice/ioredis";
import { overTcp } from "../lib/over-tcp.ts";
import { honoStore, ratelimit } from "../subjects/on-client.ts";
import { flexible } from "../subjects/over-tcp.ts";
import type { Check, Library, Quota } from "../subjects/subject.ts";

export interface Subject {
  readonly library: Library;
  readonly algorithm: string;
  readonly check: Check;
}

/** A sliding window of ten parts. */
export const IN_PARTS = "sliding window, 10 parts";

/** The libraries that take the time from `Date.now` and hand it to their scripts; caches of denials on by default. */
export function byOurClock(
  redis: Redis,
  { limit, windowMs: window }: Quota,
  prefix: string,
  { cache = true } = {},
): Subject[] {
  const client = overTcp(redis);
  const sluice = (algorithm: string, policy: Policy): Subject => {
    const store = redisStore(ioredisClient(redis));
    const options = { name: prefix, timeoutMs: 60_000, now: () => Date.now(), snapshots: cache };
    const limiter = createLimiter({ store, policies: [policy], ...options });
    return { library: "sluice", algorithm, check: async (key) => (await limiter.consume(key)).allowed };
  };
  const upstash = (algorithm: string, limiter: Parameters<typeof ratelimit>[1]): Subject => {
    const checks = ratelimit(client, limiter, {
      prefix: `${prefix}-upstash-${algorithm.replace(" ", "-")}`,
      timeout: 0,
      ...(!cache && { ephemeralCache: false }),
    });
    const check = async (key: string) => (await checks.limit(key)).success;
    return { library: "@upstash/ratelimit", algorithm, check };
  };
  return [
    sluice("sliding window", slidingWindow({ limit, window })),
    upstash("sliding window", Ratelimit.slidingWindow(limit, `${window} ms`)),
    sluice("token bucket", tokenBucket({ limit, window })),
    upstash("token bucket", Ratelimit.tokenBucket(limit, `${window} ms`, limit)),
    sluice("fixed window", fixedWindow({ limit, window })),
    upstash("fixed window", Ratelimit.fixedWindow(limit, `${window} ms`)),
    sluice(IN_PARTS, slidingWindow({ limit, window, parts: parts(10) })),
    sluice("sliding log", slidingLog({ limit, window })),
  ];
}

/** The libraries whose windows are lives of keys, by the clock of Redis. */
export function byRedisClock(redis: Redis, quota: Quota): Subject[] {
  const store = honoStore(overTcp(redis), quota.windowMs);
  const hono: Check = async (key) => (await store.increment(key)).totalHits <= quota.limit;
  return [
    { library: "hono-rate-limiter", algorithm: "fixed window", check: hono },
    { library: "rate-limiter-flexible", algorithm: "fixed window", check: flexible(redis, quota) },
  ];
}

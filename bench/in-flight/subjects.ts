import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { Semaphore } from "redis-semaphore";
import { createLimiter, inFlight, redisStore } from "../../src/index.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";

/** Takes a place, or tells that there is none; what it returns gives the place back. */
export type Take = () => Promise<(() => Promise<unknown>) | undefined>;

export interface Subject {
  readonly name: string;
  /** For so many places on one key. */
  take(redis: Redis, limit: number): Take;
}

const HOLD_MS = 3_600_000;

/** The sorted set that most write for themselves, in one script: ids by the time at which they end, by the caller's clock. */
const SORTED_SET = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[1] + ARGV[3], ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;

export const SUBJECTS: readonly Subject[] = [
  {
    name: "sluice",
    take(redis, limit) {
      const limiter = createLimiter({
        name: "bench",
        store: redisStore(ioredisClient(redis)),
        policies: [inFlight({ limit, hold: HOLD_MS })],
        snapshots: false,
        timeoutMs: 60_000,
      });
      return async () => {
        const decision = await limiter.hold("work");
        return decision.allowed ? decision.release : undefined;
      };
    },
  },
  {
    name: "redis-semaphore",
    take: (redis, limit) => async () => {
      const options = { lockTimeout: HOLD_MS, refreshInterval: 0, acquireAttemptsLimit: 1 };
      const semaphore = new Semaphore(redis, "work", limit, options);
      return (await semaphore.tryAcquire()) ? () => semaphore.release() : undefined;
    },
  },
  {
    name: "a sorted set",
    take: (redis, limit) => async () => {
      const id = randomUUID();
      const took = await redis.eval(SORTED_SET, 1, "work", Date.now(), limit, HOLD_MS, id);
      return took === 1 ? () => redis.zrem("work", id) : undefined;
    },
  },
];

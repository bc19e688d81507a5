import type { Redis } from "ioredis";
import { RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { Check, Quota } from "./subject.ts";

/** rate-limiter-flexible on a TCP connection: the bound that HTTP can't beat. Its in-memory block is on by default here. */
export function flexible(redis: Redis, { limit, windowMs }: Quota, { inMemoryBlock = true } = {}): Check {
  const limiter = new RateLimiterRedis({
    storeClient: redis,
    points: limit,
    duration: windowMs / 1000,
    ...(inMemoryBlock && { inMemoryBlockOnConsumed: limit }),
  });
  return async (key) => {
    try {
      await limiter.consume(key);
      return true;
    } catch (denied) {
      // It rejects with a result where it denies, with an error where it fails.
      if (denied instanceof RateLimiterRes) return false;
      throw denied;
    }
  };
}

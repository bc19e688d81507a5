import { MultiRegionRatelimit, Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRedisRest, type RedisRest } from "../../../src/server/rest/server.ts";

let regions: RedisRest[];

beforeAll(async () => {
  regions = await Promise.all([createRedisRest(), createRedisRest()]);
});
afterAll(async () => {
  for (const region of regions ?? []) await region.close();
});

const connect = ({ url, token }: RedisRest) => new Redis({ url, token, retry: false });

const single = {
  fixedWindow: Ratelimit.fixedWindow(3, "1 d"),
  slidingWindow: Ratelimit.slidingWindow(3, "1 d"),
  tokenBucket: Ratelimit.tokenBucket(1, "1 d", 3),
};

test.each(Object.entries(single))("@upstash/ratelimit %s in one region", async (prefix, limiter) => {
  const ratelimit = new Ratelimit({ redis: connect(regions[0] as RedisRest), limiter, prefix, ephemeralCache: false });
  const outcomes = [];
  for (let i = 0; i < 5; i += 1) outcomes.push((await ratelimit.limit("ann")).success);
  expect(outcomes).toEqual([true, true, true, false, false]);
  expect((await ratelimit.limit("bob")).remaining).toBe(2);
  expect((await ratelimit.getRemaining("bob")).remaining).toBe(2);
  await ratelimit.resetUsedTokens("ann");
  expect((await ratelimit.limit("ann")).success).toBe(true);
});

test("its scripts are loaded anew after SCRIPT FLUSH", async () => {
  const redis = connect(regions[0] as RedisRest);
  const limiter = Ratelimit.slidingWindow(2, "1 d");
  const ratelimit = new Ratelimit({ redis, limiter, prefix: "flushed", ephemeralCache: false });
  expect((await ratelimit.limit("ann")).remaining).toBe(1);
  await redis.scriptFlush();
  expect((await ratelimit.limit("ann")).remaining).toBe(0);
});

const multi = {
  fixedWindow: MultiRegionRatelimit.fixedWindow(3, "1 d"),
  slidingWindow: MultiRegionRatelimit.slidingWindow(3, "1 d"),
};

test.each(Object.entries(multi))("@upstash/ratelimit %s in two regions", async (name, limiter) => {
  const redis = regions.map(connect);
  const ratelimit = new MultiRegionRatelimit({ redis, limiter, prefix: `multi-${name}`, ephemeralCache: false });
  const outcomes = [];
  for (let i = 0; i < 5; i += 1) {
    const { success, pending } = await ratelimit.limit("ann");
    // The regions tell each other in the background.
    await pending;
    outcomes.push(success);
  }
  expect(outcomes).toEqual([true, true, true, false, false]);
});

test("its analytics, which use pipelines and sorted sets, work too", async () => {
  const redis = connect(regions[0] as RedisRest);
  const limiter = Ratelimit.fixedWindow(5, "1 d");
  const ratelimit = new Ratelimit({ redis, limiter, prefix: "analysed", analytics: true });
  const { success, pending } = await ratelimit.limit("ann");
  await pending;
  expect(success).toBe(true);
  expect((await redis.keys("analysed:events*")).length).toBeGreaterThan(0);
});

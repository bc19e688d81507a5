import { afterAll, describe, expect, inject, test } from "vitest";
import { calendar } from "../../src/algorithm/calendar.ts";
import { parts } from "../../src/algorithm/parts.ts";
import { fixedWindow, slidingLog, slidingWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import type { LimiterToDescribe } from "../../src/core/limiter-to-describe.ts";
import { readDescriptions, writeDescription } from "../../src/limiter/described/descriptions.ts";
import { readLimiters } from "../../src/limiter/described/read-limiters.ts";
import { inFlight } from "../../src/limiter/in-flight/policy.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { penalty } from "../../src/limiter/penalty/penalty.ts";
import { regions } from "../../src/limiter/regions/regions.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { redisStore } from "../../src/store/redis.ts";
import { MIDNIGHT } from "../support/clock.ts";
import { connect, uniqueName } from "../support/redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const DAY_MS = 86_400_000;
const { signal } = new AbortController();
const limiterOf = (name: string, limit = 5): LimiterToDescribe => ({
  name,
  policies: [
    tokenBucket({ name: "burst", limit, burst: 9, window: "1 s" }),
    slidingWindow({ limit: 7, window: "1 h" }),
  ],
});

function rigOf(client = ioredisClient(redis)) {
  const namespace = uniqueName();
  const store = redisStore(client, { namespace });
  return {
    namespace,
    key: `${namespace}/sluice:limiters`,
    write: (limiter: LimiterToDescribe, at = MIDNIGHT) => writeDescription(store, limiter, at, signal),
    read: (at = MIDNIGHT) => readDescriptions(store, at, signal),
  };
}

describe("descriptions of limiters", () => {
  test("tell name, algorithm and numbers of each policy, under the namespace, until 30 days from then", async () => {
    const { write, read, key } = rigOf();
    await write({ name: "log", policies: [slidingLog({ limit: 3, window: "1 m" })] });
    await write(limiterOf("api"));
    expect(await read()).toEqual([
      {
        name: "api",
        policies: [
          { name: "burst", algorithm: "tokenBucket", limit: 5, windowMs: 1000, burst: 9 },
          { name: "7-per-1h", algorithm: "slidingWindow", limit: 7, windowMs: 3_600_000, burst: 7 },
        ],
      },
      { name: "log", policies: [{ name: "3-per-1m", algorithm: "slidingLog", limit: 3, windowMs: 60_000, burst: 3 }] },
    ]);
    expect(await redis.pttl(key)).toBeGreaterThan(29 * DAY_MS);
    expect(await read(MIDNIGHT + 30 * DAY_MS)).toEqual([]);
  });

  test("tell what was said to parts, to a calendar and to work in flight", async () => {
    const { write, read, key } = rigOf();
    const policies = [
      slidingWindow({ name: "a", limit: 9, window: "1 m", parts: parts(10) }),
      fixedWindow({ name: "b", limit: 9, window: calendar("1 month", { timeZone: "Asia/Tokyo" }) }),
    ];
    await write({ name: "set", policies });
    await write({ name: "work", policies: [inFlight({ name: "n", limit: 3, hold: "30 s" })] });
    expect(await read()).toMatchObject([
      {
        name: "set",
        policies: [
          { algorithm: "slidingWindow", kind: "p10-", windowMs: 60_000 },
          { algorithm: "fixedWindow", kind: "c1month@Asia/Tokyo" },
        ],
      },
      { name: "work", policies: [{ algorithm: "inFlight", limit: 3, windowMs: 30_000 }] },
    ]);
    // An algorithm that goes by the name of what every object has, or by none, is nobody's.
    const day = Math.floor(MIDNIGHT / DAY_MS);
    const one = { name: "p", limit: 1, windowMs: 1, burst: 1 };
    for (const algorithm of ["constructor", 5]) {
      await redis.hset(key, "odd", `${day} ${JSON.stringify({ policies: [{ ...one, algorithm }] })}`);
      expect(await read()).toHaveLength(2);
    }
  });

  test("tell a penalty, beside the policies that have limits, and the databases of regions", async () => {
    const { write, read, key } = rigOf();
    const told: LimiterToDescribe[] = [];
    const onEvent = Object.assign(() => {}, { onLimiter: (limiter: LimiterToDescribe) => void told.push(limiter) });
    const quota = fixedWindow({ name: "quota", limit: 9, window: "1 s" });
    const strict = penalty({ after: 3, within: "10 m", for: "1 h", factor: 2, most: "1 d" });
    createLimiter({ name: "login", store: memoryStore(), policies: [strict, quota], onEvent });
    const store = regions({ near: "iad", stores: { iad: memoryStore(), fra: memoryStore() } });
    createLimiter({ name: "split", store, policies: [quota], onEvent });
    for (const limiter of told) await write(limiter);
    const described = { name: "quota", algorithm: "fixedWindow", limit: 9, windowMs: 1000, burst: 9 };
    const numbers = { after: 3, withinMs: 600_000, forMs: 3_600_000, factor: 2, mostMs: 86_400_000 };
    expect(await read()).toEqual([
      { name: "login", policies: [described], penalty: numbers },
      { name: "split", policies: [described], regions: ["fra", "iad"] },
    ]);
    const day = Math.floor(MIDNIGHT / DAY_MS);
    for (const more of [
      { penalty: { after: "3" } },
      { penalty: {} },
      { penalty: 5 },
      { regions: [5] },
      { regions: "fra" },
    ]) {
      await redis.hset(key, "login", `${day} ${JSON.stringify({ policies: [], ...more })}`);
      expect((await read()).map(({ name }) => name)).toEqual(["split"]);
    }
  });

  test("are written where they differ, and once a day", async () => {
    const { write, key } = rigOf();
    await write(limiterOf("api"));
    await redis.persist(key);
    await write(limiterOf("api"), MIDNIGHT + DAY_MS - 1);
    expect(await redis.pttl(key)).toBe(-1);
    await write(limiterOf("api", 6), MIDNIGHT + DAY_MS - 1);
    expect(await redis.pttl(key)).toBeGreaterThan(0);
    await redis.persist(key);
    await write(limiterOf("api", 6), MIDNIGHT + DAY_MS);
    expect(await redis.pttl(key)).toBeGreaterThan(0);
  });

  test("go 30 days after their limiter's last, and the oldest where there are too many", async () => {
    const { write, key } = rigOf();
    await write(limiterOf("old"));
    await write(limiterOf("new"), MIDNIGHT + 29 * DAY_MS);
    expect((await redis.hkeys(key)).sort()).toEqual(["new", "old"]);
    await write(limiterOf("new"), MIDNIGHT + 30 * DAY_MS);
    expect(await redis.hkeys(key)).toEqual(["new"]);
    for (let i = 0; i < 300; i += 1) await write(limiterOf(`n${i}`), MIDNIGHT + 31 * DAY_MS);
    expect(await redis.hlen(key)).toBe(256);
    expect(await redis.hexists(key, "new")).toBe(0);
    expect(await redis.hexists(key, "n299")).toBe(1);
  });

  test("two limiters of one name: what was said last, and what else was said today or yesterday", async () => {
    const { write, read, key } = rigOf();
    const limits = (found: Awaited<ReturnType<typeof read>>) =>
      found.map(({ name, policies, otherwise }) => [name, policies[0]?.limit, otherwise?.policies[0]?.limit]);
    await write(limiterOf("api-2"));
    await write(limiterOf("api", 5));
    await write(limiterOf("api", 5), MIDNIGHT + DAY_MS);
    expect(limits(await read(MIDNIGHT + DAY_MS))).toEqual([
      ["api", 5, undefined],
      ["api-2", 5, undefined],
    ]);
    await write(limiterOf("api", 6), MIDNIGHT + DAY_MS);
    await write(limiterOf("api", 6), MIDNIGHT + 2 * DAY_MS);
    expect((await read(MIDNIGHT + 2 * DAY_MS))[0]?.otherwise).toMatchObject({
      name: "api",
      policies: [{ limit: 5 }, {}],
    });
    // One that was replaced for good is told no longer; one that goes on writes each day.
    expect(limits(await read(MIDNIGHT + 3 * DAY_MS))[0]).toEqual(["api", 6, undefined]);
    await write(limiterOf("api", 5), MIDNIGHT + 3 * DAY_MS);
    await write(limiterOf("api", 6), MIDNIGHT + 3 * DAY_MS);
    expect(limits(await read(MIDNIGHT + 4 * DAY_MS))[0]).toEqual(["api", 6, 5]);
    // It is no description to those who do not know of it.
    expect(await redis.hget(key, "api!")).toMatch(/^\d+ .*}!$/);
    await write(limiterOf("other"), MIDNIGHT + 40 * DAY_MS);
    expect(await redis.hkeys(key)).toEqual(["other"]);
  });

  test("what is none is left out", async () => {
    const { write, read, key } = rigOf();
    await redis.hset(key, { a: "nonsense", b: "99999 {}", c: "99999 null", d: '99999 {"policies":[{"name":1}]}' });
    await write(limiterOf("api"));
    expect((await read()).map(({ name }) => name)).toEqual(["api"]);
  });

  test("readLimiters reads them by today's date", async () => {
    const { write, namespace } = rigOf();
    await write(limiterOf("api"), Date.now());
    expect(await readLimiters({ redis: ioredisClient(redis), namespace })).toMatchObject([{ name: "api" }]);
  });
});

test("an observer may be told of each limiter that it is given to", () => {
  const told: LimiterToDescribe[] = [];
  const observer = Object.assign(() => {}, { onLimiter: (limiter: LimiterToDescribe) => void told.push(limiter) });
  const policies = [fixedWindow({ name: "quota", limit: 2, window: "1 s" })];
  createLimiter({ name: "one", store: memoryStore(), policies, onEvent: observer });
  createLimiter({ name: "two", store: memoryStore(), policies, onEvent: [() => {}, observer] });
  expect(told).toMatchObject(
    ["one", "two"].map((name) => ({ name, policies: [{ name: "quota", algorithm: { code: "f" }, limit: 2 }] })),
  );
});

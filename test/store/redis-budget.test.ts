import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { parts } from "../../src/algorithm/parts.ts";
import { fixedWindow, type Policy, slidingLog, slidingWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import { programFor } from "../../src/algorithm/program.ts";
import { allOf } from "../../src/limiter/all-of.ts";
import { anyOf } from "../../src/limiter/any-of.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { startPrivateRedis } from "../../src/server/redis/private-redis.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { redisStore } from "../../src/store/redis.ts";
import { billed } from "../support/billed.ts";
import { clockAt } from "../support/clock.ts";
import { COUNTERS, PLAIN } from "../support/policies.ts";
import { connect } from "../support/redis.ts";

// A server of its own: it counts commands.
const server = await startPrivateRedis();
const redis = await connect(server.url);
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(() => redis.flushall());

const SETS: Record<string, Policy[]> = {
  ...Object.fromEntries(Object.entries(COUNTERS).map(([name, make]) => [name, [make({ limit: 3, window: "1 d" })]])),
  "a set of three": Object.entries(PLAIN).map(([name, make]) => make({ name, limit: 3, window: "1 d" })),
  "a set with parts": Object.entries(COUNTERS).map(([name, make]) => make({ name, limit: 3, window: "1 d" })),
};

describe.each(Object.entries(SETS))("%s", (_name, policies) => {
  test("3 commands if allowed, 2 if denied, none from a snapshot", async () => {
    const clock = clockAt();
    const options = { name: "budget", policies, now: clock.now, store: redisStore(ioredisClient(redis)) };
    const limiter = createLimiter(options);
    const other = createLimiter(options);
    await limiter.consume("warm");

    expect(await billed(redis, () => limiter.consume("k", { cost: 2 }))).toEqual({ evalsha: 1, get: 1, set: 1 });
    expect(await billed(redis, () => limiter.peek("k"))).toEqual({ evalsha: 1, get: 1 });
    expect(await billed(redis, () => limiter.charge("k", 1))).toEqual({ evalsha: 1, get: 1, set: 1 });
    expect(await billed(redis, () => other.consume("k"))).toEqual({ evalsha: 1, get: 1 });
    expect(await billed(redis, () => other.consume("k"))).toEqual({});
    expect(await other.consume("k")).toMatchObject({ allowed: false, source: "snapshot" });
    // What was left by an allowed answer tells enough to deny.
    expect(await billed(redis, () => limiter.consume("k"))).toEqual({});
    expect(await billed(redis, () => limiter.refund("k", 1))).toEqual({ evalsha: 1, get: 1, set: 1 });
    expect(await billed(redis, () => limiter.reset("k"))).toEqual({ del: 1 });
  });
});

test("several limiters: 1 request, and a command more for each if allowed, none more if denied, none from a snapshot", async () => {
  const clock = clockAt();
  const store = redisStore(ioredisClient(redis));
  const limiterOf = (name: string, policies: Policy[]) => createLimiter({ name, policies, now: clock.now, store });
  const [org, team, user] = Object.values(SETS).map((policies, i) => limiterOf(`l${i}`, policies));
  const levels = { org, team, user } as Record<"org" | "team" | "user", ReturnType<typeof createLimiter>>;
  const all = allOf(levels);
  const keys = { org: "o", team: "t", user: "u" };
  await all.consume({ org: "warm", team: "warm", user: "warm" });

  expect(await billed(redis, () => all.consume(keys, { cost: 2 }))).toEqual({ evalsha: 1, mget: 1, set: 3 });
  expect(await billed(redis, () => all.peek(keys))).toEqual({ evalsha: 1, mget: 1 });
  expect(await billed(redis, () => all.charge(keys, { user: 1 }))).toEqual({ evalsha: 1, mget: 1, set: 3 });
  // Of this team nothing is known here, and of this user that nothing is left.
  expect(await billed(redis, () => all.consume({ ...keys, team: "other" }))).toEqual({});
  expect(await billed(redis, () => all.consume({ ...keys, user: "other" }, { cost: 2 }))).toEqual({
    evalsha: 1,
    mget: 1,
  });
  expect(await billed(redis, () => all.consume({ ...keys, user: "other" }, { cost: 2 }))).toEqual({});
  expect(await all.consume(keys)).toMatchObject({ allowed: false, source: "snapshot" });
  expect(await billed(redis, () => all.refund(keys, 1))).toEqual({ evalsha: 1, mget: 1, set: 3 });
  expect(await billed(redis, () => all.reset(keys))).toEqual({ del: 3 });
});

describe("one command more", () => {
  const policies = [tokenBucket({ limit: 3, window: "1 d" })];
  const client = ioredisClient(redis);

  test("TIME, where Redis's clock is the clock", async () => {
    const limiter = createLimiter({ name: "budget", policies, store: redisStore(client, { clock: "redis" }) });
    await limiter.consume("warm");
    expect(await billed(redis, () => limiter.consume("k"))).toEqual({ evalsha: 1, time: 1, get: 1, set: 1 });
  });

  test("PTTL, for a caller whose clock is more than a second behind", async () => {
    const clock = clockAt();
    const limiter = createLimiter({ name: "budget", policies, now: clock.now, store: redisStore(client) });
    await limiter.consume("k");
    clock.ms -= 1000;
    expect(await billed(redis, () => limiter.consume("k"))).toEqual({ evalsha: 1, get: 1, set: 1 });
    clock.ms -= 1;
    expect(await billed(redis, () => limiter.peek("k"))).toEqual({ evalsha: 1, get: 1, pttl: 1 });
  });

  test("EVAL, where Redis does not know the script, after two more where a store learns that it refuses the first line", async () => {
    const limiter = createLimiter({ name: "budget", policies, store: redisStore(client) });
    await redis.script("FLUSH");
    expect(await billed(redis, () => limiter.consume("k"))).toEqual({ evalsha: 2, eval: 2, get: 1, set: 1 });
    await redis.script("FLUSH");
    expect(await billed(redis, () => limiter.consume("k"))).toEqual({ evalsha: 1, eval: 1, get: 1, set: 1 });
  });
});

test("anyOf: those of each member that is asked", async () => {
  const store = redisStore(ioredisClient(redis));
  const memberOf = (name: string) =>
    createLimiter({ name, store, policies: [fixedWindow({ limit: 1, window: "1 d" })], snapshots: false });
  const limits = anyOf([memberOf("plan"), memberOf("credits")]);
  await limits.consume("warm");
  expect(await billed(redis, () => limits.consume("k"))).toEqual({ evalsha: 1, get: 1, set: 1 });
  expect(await billed(redis, () => limits.consume("k"))).toEqual({ evalsha: 2, get: 2, set: 1 });
  expect(await billed(redis, () => limits.consume("k"))).toEqual({ evalsha: 2, get: 2 });
});

test("a settlement is one step, or none where exactly what was reserved was used", async () => {
  const policies = [fixedWindow({ limit: 9, window: "1 d" })];
  const limiter = createLimiter({ name: "budget", policies, store: redisStore(ioredisClient(redis)) });
  await limiter.consume("warm");
  const [less, same] = [await limiter.reserve("k", { cost: 4 }), await limiter.reserve("k", { cost: 1 })];
  expect(await billed(redis, () => less.settle(1))).toEqual({ evalsha: 1, get: 1, set: 1 });
  expect(await billed(redis, () => same.settle(1))).toEqual({});
});

describe.each(Object.entries(COUNTERS))("%s", (name, make) => {
  // Twelve bytes are what the smallest piece of memory has room for. From 2^24 on two counts no longer fit into it; a part never does.
  const short = name === "window in parts" ? 104 : 96;
  const long = name === "fixed window" || name === "token bucket" ? 96 : short + 8;

  test.each([
    [7, short],
    [2 ** 24 - 1, short],
    [2 ** 24, long],
  ])("with %d used, an identifier of a 20-byte key takes at most %d bytes in Redis", async (cost, most) => {
    const policies = [make({ limit: 40_000_000, window: "10 s" })];
    const limiter = createLimiter({ policies, name: "p", store: redisStore(ioredisClient(redis)), now: clockAt().now });
    const key = `p:${programFor(policies).kind}:`.padEnd(20, "x");
    await limiter.consume(key.slice(key.lastIndexOf(":") + 1), { cost });
    expect(await redis.keys("*")).toEqual([key]);
    expect(Buffer.byteLength(key)).toBe(20);
    const bytes = await redis.memory("USAGE", key);
    expect(bytes).toBeGreaterThan(20);
    expect(bytes).toBeLessThanOrEqual(most);
  });
});

test.each([
  [10, 1, 89],
  [10, 167_772, 89],
  [60, 1, 489],
])("%d parts of %d units, all in use, take %d bytes", async (count, units, bytes) => {
  const clock = clockAt();
  const policies = [slidingWindow({ limit: count * units, window: "1 d", parts: parts(count) })];
  const store = redisStore(ioredisClient(redis));
  const limiter = createLimiter({ name: "budget", policies, now: clock.now, store, snapshots: false });
  for (let i = 0; i < count; i += 1) {
    clock.ms += 1;
    await limiter.consume("k", { cost: units });
  }
  expect(await limiter.peek("k")).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: 86_400_000 - count + 1 });
  expect(await redis.strlen(`budget:${programFor(policies).kind}:k`)).toBe(bytes);
});

describe("sliding log", () => {
  const WINDOW_MS = 100_000;

  function limiterOf(limit: number) {
    const clock = clockAt();
    const policies = [slidingLog({ limit, window: WINDOW_MS })];
    const store = redisStore(ioredisClient(redis));
    const limiter = createLimiter({ name: "budget", policies, now: clock.now, store, snapshots: false });
    return { limiter, clock, place: `budget:${programFor(policies).kind}:k` };
  }

  test("4 commands if allowed, 2 if denied or looked at, 4 to give back", async () => {
    const { limiter, clock } = limiterOf(5);
    await limiter.consume("warm");
    const look = { evalsha: 1, lrange: 1 };
    expect(await billed(redis, () => limiter.consume("k", { cost: 2 }))).toEqual({ ...look, rpush: 1, pexpire: 1 });
    expect(await billed(redis, () => limiter.consume("k"))).toEqual({ ...look, lset: 1, pexpire: 1 });
    clock.ms += 1;
    expect(await billed(redis, () => limiter.consume("k", { cost: 2 }))).toEqual({ ...look, rpush: 1, pexpire: 1 });
    expect(await billed(redis, () => limiter.consume("k"))).toEqual(look);
    expect(await billed(redis, () => limiter.peek("k"))).toEqual(look);
    expect(await billed(redis, () => limiter.refund("k", 1))).toEqual({ ...look, ltrim: 1, lpush: 1 });
    // With what has left, one more.
    clock.ms += WINDOW_MS - 1;
    expect(await billed(redis, () => limiter.consume("k"))).toEqual({ ...look, rpush: 1, ltrim: 1, pexpire: 1 });
    expect(await billed(redis, () => limiter.refund("k", 2))).toEqual({ ...look, ltrim: 1, lpush: 1 });
    expect(await billed(redis, () => limiter.refund("k", 1))).toEqual({ ...look, ltrim: 1, lpush: 1 });
    expect(await billed(redis, () => limiter.refund("k", 1))).toEqual(look);
  });

  test.each([
    ["30 entries", 30, 5],
    ["1000 entries", 1000, 12],
    ["100 000 entries", 100_000, 19],
  ])("a list of %s is never read as a whole, however many have left", async (_text, entries, most) => {
    const { limiter, clock, place } = limiterOf(entries);
    const start = clock.ms;
    const pairs = Array.from({ length: entries }, (_, i) => [start + Math.floor((i * WINDOW_MS) / entries), i + 1]);
    const fill = async () => {
      await redis.del(place);
      for (let i = 0; i < entries; i += 10_000) await redis.rpush(place, ...pairs.slice(i, i + 10_000).flat());
      await redis.lpush(place, 0, 0);
      await redis.pexpire(place, 3_600_000);
    };
    const total = async (task: () => Promise<unknown>) =>
      Object.values(await billed(redis, task)).reduce((sum, calls) => sum + calls, 0);
    for (const passed of [0, 0.2, 0.5, 0.9]) {
      await fill();
      clock.ms = start + Math.floor((1 + passed) * WINDOW_MS) - 1;
      const counting = pairs.filter(([time = 0]) => time > clock.ms - WINDOW_MS).length;
      const half = Math.ceil(counting / 2);
      expect(await total(() => limiter.peek("k"))).toBeLessThanOrEqual(most);
      // Two searches: for what has left, and for what has to leave or goes.
      expect(await total(() => limiter.consume("k", { cost: entries - half }))).toBeLessThanOrEqual(2 * most);
      expect(await limiter.peek("k")).toMatchObject({ remaining: entries - counting });
      expect(await total(() => limiter.refund("k", half))).toBeLessThanOrEqual(2 * most);
      expect(await limiter.peek("k")).toMatchObject({ remaining: entries - counting + half });
      await fill();
      expect(await total(() => limiter.charge("k", 1))).toBeLessThanOrEqual(most + 3);
      expect(await redis.llen(place)).toBeLessThanOrEqual(2 * counting + 4);
    }
  });

  test("a few that have left cost a long list no more than three commands", async () => {
    const { limiter, clock } = limiterOf(40);
    for (let i = 0; i < 40; i += 1) {
      clock.ms += 1;
      await limiter.consume("k");
    }
    clock.ms += WINDOW_MS - 36;
    // The tail of the list, its oldest pairs behind those that have left, and the trim.
    expect(await billed(redis, () => limiter.consume("k"))).toEqual({
      evalsha: 1,
      lrange: 3,
      rpush: 1,
      ltrim: 1,
      pexpire: 1,
    });
    expect(await billed(redis, () => limiter.consume("k"))).toEqual({ evalsha: 1, lrange: 2, lset: 1, pexpire: 1 });
  });
});

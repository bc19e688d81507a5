import { allOf, createLimiter, inFlight, redisStore, tokenBucket } from "sluice";
import { ioredisClient } from "sluice/ioredis";
import { afterAll, beforeEach, expect, test } from "vitest";
import { startPrivateRedis } from "../../../src/server/redis/private-redis.ts";
import { billed as billedBy } from "../../support/billed.ts";
import { connect, msOf } from "../../support/redis.ts";

// A server of its own: it counts commands.
const server = await startPrivateRedis();
const redis = await connect(server.url);
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(() => redis.flushall());

const HOLD_MS = 3_600_000;

const billed = (task: () => Promise<unknown>) => billedBy(redis, task);

/** An isolate whose clock is this far ahead of that of Redis. */
async function isolate(aheadMs: number, clock: "isolate" | "redis" = "isolate") {
  const redisMs = msOf(await redis.time());
  const offsetMs = redisMs - Date.now();
  const limiter = createLimiter({
    name: "work",
    store: redisStore(ioredisClient(redis), { clock }),
    policies: [inFlight({ limit: 2, hold: HOLD_MS })],
    snapshots: false,
    now: () => Date.now() + offsetMs + aheadMs,
  });
  // Redis has the script then, and the store knows what the server refuses.
  await limiter.peek("warm");
  return limiter;
}

test("3 commands to hold, to extend and to release, 2 if denied or looked at", async () => {
  const limiter = await isolate(0);
  const first = await limiter.hold("k");
  expect(await billed(() => limiter.hold("k", { id: "b" }))).toEqual({ evalsha: 1, get: 1, set: 1 });
  expect(await billed(() => limiter.hold("k", { id: "b" }))).toEqual({ evalsha: 1, get: 1, set: 1 });
  expect(await billed(() => limiter.hold("k"))).toEqual({ evalsha: 1, get: 1 });
  expect(await billed(() => limiter.peek("k"))).toEqual({ evalsha: 1, get: 1 });
  expect(await billed(() => first.extend())).toEqual({ evalsha: 1, get: 1, set: 1 });
  expect(await billed(() => first.release())).toEqual({ evalsha: 1, get: 1, set: 1 });
  expect(await billed(() => first.release())).toEqual({});
  const other = await limiter.hold("k", { id: "b" });
  expect(await billed(() => other.release())).toEqual({ evalsha: 1, get: 1, del: 1 });
  expect(await redis.keys("*")).toEqual([]);
});

test("together with others: one MGET for all, one SET for each that changes, and nothing more if denied", async () => {
  const store = redisStore(ioredisClient(redis));
  const jobs = createLimiter({
    name: "jobs",
    store,
    policies: [inFlight({ limit: 2, hold: HOLD_MS })],
    snapshots: false,
  });
  const user = createLimiter({
    name: "user",
    store,
    policies: [tokenBucket({ limit: 9, window: "1 h" })],
    snapshots: false,
  });
  const all = allOf({ jobs, user });
  const key = { jobs: "acme", user: "ada" };
  await all.peek({ jobs: "warm", user: "warm" });
  let held = await all.hold(key);
  const reserve = async () => {
    held = await all.reserve(key);
  };
  expect(await billed(reserve)).toEqual({ evalsha: 1, mget: 1, set: 2 });
  expect(await billed(() => all.hold(key))).toEqual({ evalsha: 1, mget: 1 });
  expect(await billed(() => all.peek(key))).toEqual({ evalsha: 1, mget: 1 });
  expect(await billed(() => held.extend())).toEqual({ evalsha: 1, get: 1, set: 1 });
  expect(await billed(() => held.release())).toEqual({ evalsha: 1, get: 1, set: 1 });
  expect(await redis.keys("jobs*")).toHaveLength(1);
  await jobs.reset("acme");
  const last = await all.hold(key);
  expect(await billed(() => last.release())).toEqual({ evalsha: 1, get: 1, del: 1 });
});

test("one more where a hold that has passed decides, and none where there is room", async () => {
  const [past, now] = [await isolate(-2 * HOLD_MS), await isolate(0)];
  await past.hold("k");
  await past.hold("k");
  expect(await billed(() => now.peek("k"))).toEqual({ evalsha: 1, get: 1, time: 1 });
  let taken = false;
  const acquire = async () => {
    taken = (await now.hold("k")).allowed;
  };
  expect(await billed(acquire)).toEqual({ evalsha: 1, get: 1, time: 1, set: 1 });
  expect(taken).toBe(true);
  expect(await billed(() => now.hold("k"))).toEqual({ evalsha: 1, get: 1, set: 1 });
});

test("no clock that is ahead ends the hold of another, and its own leaks are over a hold after the first denial", async () => {
  const [ahead, now] = [await isolate(24 * HOLD_MS), await isolate(0)];
  const held = [await now.hold("k"), await now.hold("k")];
  const denied = await ahead.hold("k");
  expect(denied.allowed).toBe(false);
  expect(denied.retryAfterMs).toBeGreaterThan(HOLD_MS - 60_000);
  expect(denied.retryAfterMs).toBeLessThanOrEqual(HOLD_MS + 1000);
  expect(await billed(() => ahead.hold("k"))).toEqual({ evalsha: 1, get: 1, time: 1 });
  for (const hold of held) expect(await hold.extend()).toBe(true);

  await ahead.hold("leaked");
  await ahead.hold("leaked");
  expect(await billed(() => now.hold("leaked"))).toEqual({ evalsha: 1, get: 1, time: 1, set: 1 });
  const later = await now.hold("leaked");
  expect(later.retryAfterMs).toBeGreaterThan(HOLD_MS - 60_000);
  expect(later.retryAfterMs).toBeLessThanOrEqual(HOLD_MS + 1000);
});

test("a clock that is behind does not date its hold before those that are there", async () => {
  const [behind, now] = [await isolate(-2 * HOLD_MS), await isolate(0)];
  await now.hold("k");
  const late = await behind.hold("k");
  expect((await now.hold("k")).allowed).toBe(false);
  expect(await late.extend()).toBe(true);
  expect((await behind.hold("k")).allowed).toBe(false);
});

test("by the clock of Redis no isolate's counts: one command more", async () => {
  const [behind, now] = [await isolate(-2 * HOLD_MS, "redis"), await isolate(0)];
  expect(await billed(() => behind.hold("k"))).toEqual({ evalsha: 1, time: 1, get: 1, set: 1 });
  await behind.hold("k");
  expect((await now.hold("k")).allowed).toBe(false);
});

test("a key lives for a hold after each write, and no longer", async () => {
  const limiter = await isolate(0);
  const [first] = [await limiter.hold("k"), await limiter.hold("k")];
  const [key = ""] = await redis.keys("*");
  const lives = async () => {
    const lifeMs = await redis.pttl(key);
    await redis.pexpire(key, 1e9);
    return lifeMs > HOLD_MS - 60_000 && lifeMs <= HOLD_MS;
  };
  expect(await lives()).toBe(true);
  await first.extend();
  expect(await lives()).toBe(true);
  await first.release();
  expect(await lives()).toBe(true);
});

test("what is nobody's state counts as nothing held, or heals", async () => {
  const limiter = await isolate(0);
  await limiter.hold("k");
  const [key = ""] = await redis.keys("*");
  for (const garbage of ["", "x", "\xff".repeat(22), "\0".repeat(22), "\xff".repeat(42), "y".repeat(2002)]) {
    await redis.set(key, Buffer.from(garbage, "latin1"));
    await limiter.hold("k");
    await limiter.hold("k");
    expect([-1, -2], garbage.slice(0, 5)).not.toContain(await redis.pttl(key));
    expect((await limiter.peek("k")).source).toBe("store");
  }
});

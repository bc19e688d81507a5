import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Policy } from "../../src/algorithm/policy.ts";
import { programFor } from "../../src/algorithm/program.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { startPrivateRedis } from "../../src/server/redis/private-redis.ts";
import { redisStore } from "../../src/store/redis.ts";
import { clockAt } from "../support/clock.ts";
import { COUNTERS } from "../support/policies.ts";
import { clientOf, connect } from "../support/redis.ts";

// A server of its own: it counts commands.
const server = await startPrivateRedis();
const redis = connect(server.url);
beforeAll(() => redis.ping());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(() => redis.flushall());

const SETS: Record<string, Policy[]> = {
  ...Object.fromEntries(Object.entries(COUNTERS).map(([name, make]) => [name, [make({ limit: 3, window: "1 d" })]])),
  "a set of three": Object.entries(COUNTERS).map(([name, make]) => make({ name, limit: 3, window: "1 d" })),
};

/** The commands that Redis carried out meanwhile, those inside scripts included, as Upstash would bill them. */
async function billed(task: () => Promise<unknown>): Promise<Record<string, number>> {
  await redis.config("RESETSTAT");
  await task();
  const lines = (await redis.info("commandstats")).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
  const counts = [...lines].map(([, command, calls]) => [command, Number(calls)]);
  return Object.fromEntries(counts.filter(([command]) => command !== "config|resetstat"));
}

describe.each(Object.entries(SETS))("%s", (_name, policies) => {
  test("3 commands if allowed, 2 if denied, none from a snapshot", async () => {
    const clock = clockAt();
    const options = { name: "budget", policies, now: clock.now, store: redisStore(clientOf(redis)) };
    const limiter = createLimiter(options);
    const other = createLimiter(options);
    await limiter.consume("warm");

    expect(await billed(() => limiter.consume("k", { cost: 2 }))).toEqual({ evalsha: 1, get: 1, set: 1 });
    expect(await billed(() => limiter.peek("k"))).toEqual({ evalsha: 1, get: 1 });
    expect(await billed(() => limiter.charge("k", 1))).toEqual({ evalsha: 1, get: 1, set: 1 });
    expect(await billed(() => other.consume("k"))).toEqual({ evalsha: 1, get: 1 });
    expect(await billed(() => other.consume("k"))).toEqual({});
    expect(await other.consume("k")).toMatchObject({ allowed: false, source: "snapshot" });
    // What was left by an allowed answer tells enough to deny.
    expect(await billed(() => limiter.consume("k"))).toEqual({});
    expect(await billed(() => limiter.refund("k", 1))).toEqual({ evalsha: 1, get: 1, set: 1 });
    expect(await billed(() => limiter.reset("k"))).toEqual({ del: 1 });
  });
});

describe.each(Object.entries(COUNTERS))("%s", (name, make) => {
  // From 2^24 on, two counts no longer fit into twelve bytes, which is what the smallest piece of memory has room for.
  const long = name === "sliding window" ? 104 : 96;

  test.each([
    [7, 96],
    [2 ** 24 - 1, 96],
    [2 ** 24, long],
  ])("with %d used, an identifier of a 20-byte key takes at most %d bytes in Redis", async (cost, most) => {
    const policies = [make({ limit: 40_000_000, window: "10 s" })];
    const limiter = createLimiter({ policies, name: "p", store: redisStore(clientOf(redis)), now: clockAt().now });
    const key = `p:${programFor(policies).kind}:`.padEnd(20, "x");
    await limiter.consume(key.slice(key.lastIndexOf(":") + 1), { cost });
    expect(await redis.keys("*")).toEqual([key]);
    expect(Buffer.byteLength(key)).toBe(20);
    const bytes = await redis.memory("USAGE", key);
    expect(bytes).toBeGreaterThan(20);
    expect(bytes).toBeLessThanOrEqual(most);
  });
});

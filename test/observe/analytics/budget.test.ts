import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { fixedWindow } from "../../../src/algorithm/policy.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import { analytics } from "../../../src/observe/analytics/analytics.ts";
import { readAnalytics } from "../../../src/observe/analytics/read-analytics.ts";
import { startPrivateRedis } from "../../../src/server/redis/private-redis.ts";
import { ioredisClient } from "../../../src/store/ioredis.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { billed } from "../../support/billed.ts";
import { clockAt } from "../../support/clock.ts";
import { monitored } from "../../support/monitored.ts";
import { randomFrom } from "../../support/random.ts";
import { connect } from "../../support/redis.ts";
import { zipf } from "../../support/zipf.ts";

// A server of its own: it counts commands.
const server = await startPrivateRedis();
const redis = await connect(server.url);
const client = ioredisClient(redis);
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(() => redis.flushall());

/** One isolate, whose limiter asks no Redis itself and which has sent once before. */
async function warmIsolate() {
  const clock = clockAt();
  const onEvent = analytics({ redis: client, now: clock.now });
  const policies = [fixedWindow({ limit: 1, window: "1 m" })];
  const tasks: Promise<unknown>[] = [];
  const waitUntil = (task: Promise<unknown>) => void tasks.push(task);
  const limiter = createLimiter({ name: "api", store: memoryStore(), policies, now: clock.now, onEvent, waitUntil });
  await limiter.consume("first");
  await onEvent.flush();
  clock.ms += 3_600_000;

  /** An hour of checks at an even pace; resolves to their number. */
  return async (checksPerSecond: number, keyOf: () => string): Promise<number> => {
    const since = clock.ms;
    const checks = 3600 * checksPerSecond;
    for (let check = 0; check < checks; check += 1) {
      clock.ms = since + Math.floor((check * 1000) / checksPerSecond);
      await limiter.consume(keyOf());
      if (tasks.length > 0) await Promise.all(tasks.splice(0));
    }
    await onEvent.flush();
    return checks;
  };
}

describe("commands", () => {
  test.each([
    [1, 0.05],
    [10, 0.005],
    [100, 0.0005],
  ])("at %s checks a second in an isolate, %s a check", async (perSecond, most) => {
    const hourOf = await warmIsolate();
    let checks = 0;
    const random = randomFrom(1);
    const seen = await monitored(server.url, redis, async () => {
      checks = await hourOf(perSecond, () => `user:${random.below(50)}`);
    });
    const { evalsha = 0 } = seen;
    expect(seen).toEqual({ evalsha, get: evalsha, set: evalsha });
    expect((3 * evalsha) / checks).toBeLessThanOrEqual(most);
    expect(evalsha).toBeGreaterThan(50);
  });

  test("a limiter that is made anew is described once a day", async () => {
    const clock = clockAt();
    const onEvent = analytics({ redis: client, now: clock.now });
    const sent = async (limit = 1) => {
      const policies = [fixedWindow({ limit, window: "1 m" })];
      await createLimiter({ name: "api", store: memoryStore(), policies, now: clock.now, onEvent }).consume("k");
      await onEvent.flush();
    };
    await sent();
    const { hget: first } = await billed(redis, () => sent());
    const { hget: changed } = await billed(redis, () => sent(2));
    clock.ms += 24 * 3_600_000;
    const { hget: nextDay } = await billed(redis, () => sent(2));
    expect({ first, changed, nextDay }).toEqual({ first: undefined, changed: 1, nextDay: 1 });
  });

  test("reading takes two for every twelve hours of a limiter", async () => {
    const clock = clockAt();
    const read = () =>
      readAnalytics({ redis: client, limiter: "api", from: clock.ms, to: clock.ms + 24 * 3_600_000 - 1 });
    await read();
    // Each call finds out anew that this Redis refuses the scripts' first line, as Upstash does not.
    expect(await billed(redis, read)).toEqual({ evalsha: 2 + 1, eval: 1, mget: 2 });
  });
});

test("an hour of a limiter takes some 4 kB in Redis, and at worst 82", async () => {
  const draw = zipf(10_000, randomFrom(2));
  const bytes = async () => {
    const sizes = (await redis.keys("*")).map((key) => redis.memory("USAGE", key));
    return Math.max(...((await Promise.all(sizes)) as number[]));
  };
  await (await warmIsolate())(10, () => `user:${100_000_000 + draw()}`);
  const usual = await bytes();
  expect(usual).toBeGreaterThan(2 * 1024);
  expect(usual).toBeLessThan(5 * 1024);
  await redis.flushall();
  // In JSON each of these characters takes six bytes.
  const control = "\u0001".repeat(48);
  await (await warmIsolate())(10, () => control + String(1e12 + draw()) + control);
  const worst = await bytes();
  expect(worst).toBeLessThan(82 * 1024);
});

import { describe, expect, test } from "vitest";
import { fixedWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import type { FailureMode } from "../../src/limiter/checked-options.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { interruptible } from "../support/interruptible.ts";
import { known } from "../support/known.ts";
import { passedClock } from "../support/passed-clock.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

/** A limiter of 5 a minute, its store that can be cut off, and another isolate's, which sees what the store counts. */
function limitersOf(failureMode: FailureMode, policy = fixedWindow({ limit: 5, window: "1 m" })) {
  const { now } = passedClock();
  const redis = simulatedRedis(now);
  const store = interruptible(redis);
  const options = { name: "login", policies: [policy], now, breaker: false };
  const limiter = createLimiter({ ...options, store, failureMode });
  const other = createLimiter({ ...options, store: redis });
  return { limiter, other, store, redis, left: async () => known(await other.peek("k")).remaining };
}

describe("failure mode memory", () => {
  test("what only memory took goes back to memory, and the store keeps its counts", async () => {
    const { limiter, other, store, redis, left } = limitersOf("memory");
    for (let i = 0; i < 5; i += 1) await other.consume("k");
    store.down = true;
    for (let i = 0; i < 4; i += 1) await limiter.consume("k");
    const success = await limiter.consume("k");
    expect(success).toMatchObject({ allowed: true, source: "memory", remaining: 0 });
    store.down = false;
    const { asked } = redis;
    const refunded = await limiter.refund("k", 1, { since: success });
    expect(refunded).toMatchObject({ allowed: true, source: "memory", remaining: 1, error: success.error });
    expect(redis.asked).toBe(asked);
    expect(await left()).toBe(0);
    expect(await limiter.consume("k")).toMatchObject({ allowed: false, source: "store" });
  });

  test("what the store took does not go back to memory where the store is gone meanwhile", async () => {
    const { limiter, store, left } = limitersOf("memory");
    const success = await limiter.consume("k");
    store.down = true;
    for (let i = 0; i < 5; i += 1) await limiter.consume("k");
    const refunded = await limiter.refund("k", 1, { since: success });
    expect(refunded).toMatchObject({ allowed: true, source: "fallback", error: { kind: "network" } });
    expect(await limiter.consume("k")).toMatchObject({ allowed: false, source: "memory" });
    store.down = false;
    expect(await left()).toBe(4);
  });

  test("without the decision a refund goes to whoever answers, as every other call", async () => {
    const { limiter, store, left } = limitersOf("memory");
    await limiter.consume("k");
    store.down = true;
    await limiter.consume("k");
    expect(await limiter.refund("k", 1)).toMatchObject({ source: "memory", remaining: 5 });
    store.down = false;
    expect(await limiter.refund("k", 1)).toMatchObject({ source: "store", remaining: 5 });
    expect(await left()).toBe(5);
  });

  test("a waiter that leaves gives back to memory what memory lent", async () => {
    const { limiter, other, store, left } = limitersOf("memory", tokenBucket({ limit: 5, window: "10 s" }));
    await other.consume("k", { cost: 3 });
    store.down = true;
    await limiter.consume("k", { cost: 5 });
    const caller = new AbortController();
    const detached: Promise<unknown>[] = [];
    const options = {
      signal: caller.signal,
      timeoutMs: 5000,
      waitUntil: (task: Promise<unknown>) => detached.push(task),
    };
    const gone = limiter.wait("k", options);
    await new Promise((resolve) => setImmediate(resolve));
    store.down = false;
    caller.abort("gone");
    await expect(gone).rejects.toBe("gone");
    await Promise.all(detached);
    expect(detached).toHaveLength(1);
    expect(await left()).toBe(2);
    store.down = true;
    // Whoever comes next is lent the place that was given back.
    expect(await limiter.consume("k", { maxDelayMs: 5000 })).toMatchObject({ source: "memory", delayMs: 2000 });
  });
});

describe.each(["open", "closed"] as const)("failure mode %s", (failureMode) => {
  test("nothing was counted, so nothing is given back and the store is not asked", async () => {
    const { limiter, store, redis, left } = limitersOf(failureMode);
    await limiter.consume("k");
    store.down = true;
    const blind = await limiter.consume("k");
    expect(blind.source).toBe("fallback");
    store.down = false;
    const { asked } = redis;
    const refunded = await limiter.refund("k", 1, { since: blind });
    expect(refunded).toMatchObject({ allowed: true, source: "fallback", retryAfterMs: 0, error: blind.error });
    expect(redis.asked).toBe(asked);
    expect(await left()).toBe(4);
  });
});

test("a denied call took nothing, so nothing is given back of it", async () => {
  const { limiter, left } = limitersOf("open");
  await limiter.consume("k", { cost: 4 });
  const denied = await limiter.consume("k", { cost: 2 });
  expect(await limiter.refund("k", 2, { since: denied })).toMatchObject({ allowed: true, remaining: 1 });
  expect(await left()).toBe(1);
});

test.each([null, 5, "memory", {}])("since: %j is no decision", async (since) => {
  const { limiter } = limitersOf("memory");
  const refunded = limiter.refund("k", 1, { since: since as never });
  await expect(refunded).rejects.toThrow(/since must be a decision/);
  await expect(refunded).rejects.toBeInstanceOf(TypeError);
});

test("only a refund looks at it", async () => {
  const { limiter, store, left } = limitersOf("memory");
  store.down = true;
  const since = await limiter.consume("k");
  store.down = false;
  expect(await limiter.consume("k", { since } as object)).toMatchObject({ source: "store" });
  expect(await limiter.charge("k", 1, { since } as object)).toMatchObject({ source: "store" });
  expect(await left()).toBe(3);
});

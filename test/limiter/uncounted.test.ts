import { afterAll, describe, expect, inject, test } from "vitest";
import { calendar } from "../../src/algorithm/calendar.ts";
import { parts } from "../../src/algorithm/parts.ts";
import { fixedWindow, type Policy, slidingLog, slidingWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import type { Decision } from "../../src/core/decision.ts";
import type { LimiterEvent } from "../../src/core/event.ts";
import { allOf } from "../../src/limiter/all-of.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../src/limiter/options.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { redisStore } from "../../src/store/redis.ts";
import { interruptible } from "../support/interruptible.ts";
import { known } from "../support/known.ts";
import { passedClock } from "../support/passed-clock.ts";
import { connect, lastingClientOf, uniqueName } from "../support/redis.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

/** Whose limits differ by plan; the least of each is the policy's own. */
const bucket = tokenBucket({ name: "burst", limit: 2, window: "1 s" });
const daily = slidingWindow({ name: "daily", limit: 10, window: "1 d" });
const tokens = fixedWindow({ name: "tokens", limit: 100, window: "1 d" });

const stores = {
  memory: () => memoryStore(),
  Redis: () => redisStore(lastingClientOf(redis)),
};

describe.each(Object.entries(stores))("a limit of Infinity, on %s", (_name, store) => {
  function limiterOf(...policies: Policy[]) {
    const { now, advance } = passedClock();
    return { limiter: createLimiter({ name: uniqueName(), store: store(), policies, now }), advance };
  }

  test("takes nothing of that policy and never denies for it, and the others count as ever", async () => {
    const { limiter } = limiterOf(bucket, daily, tokens);
    const limit = { daily: Infinity, tokens: 1000 };
    for (const left of [1, 0]) {
      const decision = known(await limiter.consume("k", { limit, cost: { burst: 1, daily: 50, tokens: 300 } }));
      expect(decision).toMatchObject({ allowed: true, policy: "burst", limit: 2, remaining: left });
      expect(decision.policies[1]).toStrictEqual({
        policy: "daily",
        limit: Infinity,
        windowMs: 86_400_000,
        burst: Infinity,
        remaining: Infinity,
        retryAfterMs: 0,
        resetAfterMs: 0,
      });
    }
    expect(await limiter.consume("k", { limit })).toMatchObject({ allowed: false, policy: "burst", retryAfterMs: 500 });
    const { policies } = known(await limiter.peek("k"));
    expect(policies.map(({ remaining }) => remaining)).toEqual([0, 10, 0]);
  });

  test("passes also where more is in use than the policy's own limit", async () => {
    const { limiter, advance } = limiterOf(bucket, daily);
    await limiter.consume("k", { limit: { burst: 50, daily: 1000 }, cost: { burst: 50, daily: 900 } });
    for (const limit of [
      { daily: Infinity, burst: Infinity },
      { daily: Infinity, burst: 60 },
    ]) {
      expect(await limiter.consume("k", { limit })).toMatchObject({ allowed: true, delayMs: 0 });
      expect(await limiter.peek("k", { limit })).toMatchObject({ allowed: true });
    }
    advance(1);
    expect(await limiter.consume("k", { limit: { daily: Infinity } })).toMatchObject({
      allowed: false,
      policy: "burst",
    });
    expect(await limiter.consume("k")).toMatchObject({ allowed: false, policy: "daily" });
  });

  test("waits for nobody to whom the bucket has lent", async () => {
    const { limiter } = limiterOf(bucket, daily);
    await limiter.consume("k", { cost: { burst: 2 } });
    expect(await limiter.consume("k", { cost: { burst: 2 }, maxDelayMs: 5000 })).toMatchObject({ delayMs: 1000 });
    const limit = { burst: Infinity };
    expect(await limiter.consume("k", { limit, maxDelayMs: 5000 })).toMatchObject({ allowed: true, delayMs: 0 });
  });

  test("leaves a bucket's refill as it is", async () => {
    const { limiter, advance } = limiterOf(bucket, daily);
    await limiter.consume("k", { cost: { burst: 2 } });
    for (let i = 0; i < 4; i += 1) {
      advance(100);
      await limiter.consume("k", { limit: { burst: Infinity } });
    }
    expect(await limiter.peek("k")).toMatchObject({ allowed: false, retryAfterMs: 100 });
  });

  test("of what was not counted nothing is given back, and nothing booked", async () => {
    const { limiter } = limiterOf(daily, tokens);
    await limiter.consume("k", { cost: { daily: 5, tokens: 50 } });
    const limit = { daily: Infinity };
    await limiter.refund("k", { daily: 5, tokens: 10 }, { limit });
    await limiter.charge("k", { daily: 5, tokens: 20 }, { limit });
    const { policies } = known(await limiter.peek("k"));
    expect(policies.map(({ remaining }) => remaining)).toEqual([5, 40]);
  });

  test("a limit of 0 denies what costs something, and lets pass what costs nothing of it", async () => {
    const { limiter } = limiterOf(daily, tokens);
    await limiter.consume("k", { cost: { daily: 1, tokens: 1 } });
    const limit = { tokens: 0 };
    expect(await limiter.consume("k", { limit, cost: { daily: 1, tokens: 1 } })).toStrictEqual({
      allowed: false,
      policy: "tokens",
      limit: 0,
      burst: 0,
      remaining: 0,
      retryAfterMs: Infinity,
      resetAfterMs: 0,
      delayMs: 0,
      at: 0,
      // Nobody has asked what the others have left.
      policies: [
        {
          policy: "tokens",
          limit: 0,
          windowMs: 86_400_000,
          burst: 0,
          remaining: 0,
          retryAfterMs: Infinity,
          resetAfterMs: 0,
        },
      ],
      source: "snapshot",
    });
    const passed = known(await limiter.consume("k", { limit, cost: { daily: 1 } }));
    expect(passed).toMatchObject({ allowed: true, policy: "daily", remaining: 8 });
    expect(passed.policies[1]).toMatchObject({ policy: "tokens", limit: 0, burst: 0, remaining: 0, retryAfterMs: 0 });
    expect(await limiter.peek("k", { limit, cost: { tokens: 1 } })).toMatchObject({ allowed: false, policy: "tokens" });
    expect(await limiter.wait("k", { limit, timeoutMs: 5000 })).toMatchObject({ allowed: false, policy: "tokens" });
    const { policies } = known(await limiter.peek("k"));
    expect(policies.map(({ remaining }) => remaining)).toEqual([8, 99]);
  });
});

const hour = { name: "own", limit: 100, window: "1 h" } as const;
const algorithms: Record<string, Policy[]> = {
  tokenBucket: [tokenBucket(hour)],
  slidingWindow: [slidingWindow(hour)],
  "slidingWindow in parts": [slidingWindow({ ...hour, parts: parts(4) })],
  fixedWindow: [fixedWindow(hour)],
  "fixedWindow of the calendar": [fixedWindow({ ...hour, window: calendar("1 month") })],
  slidingLog: [slidingLog(hour)],
  "several policies": [tokenBucket(hour), slidingWindow({ ...hour, name: "other" })],
};

// It was really used, and nothing is taken under 0 that could be given back: a limit that is raised later has to know of both.
describe.each(Object.entries(stores))(
  "what is booked and given back under a limit of 0 counts, on %s",
  (_name, store) => {
    const left = (decision: Decision) => known(decision).policies.map(({ remaining }) => remaining);

    test.each(Object.entries(algorithms))("by %s", async (_algorithm, policies) => {
      const { now } = passedClock();
      const limiter = createLimiter({ name: uniqueName(), store: store(), policies, now });
      const limit = 0;
      const taken = await limiter.consume("k", { cost: 50 });
      const booked = known(await limiter.charge("k", 30, { limit }));
      expect(booked).toMatchObject({ allowed: true, source: "store", limit: 0, remaining: 0, retryAfterMs: 0 });
      const others = policies.slice(1);
      expect(left(await limiter.peek("k"))).toEqual([20, ...others.map(() => 20)]);
      await limiter.refund("k", 10, { limit, since: taken });
      await limiter.refund("k", 5, { limit });
      expect(left(await limiter.peek("k"))).toEqual([35, ...others.map(() => 35)]);
      await limiter.refund("k", 20, { limit, since: await limiter.consume("k", { limit }) });
      expect(left(await limiter.peek("k"))).toEqual([35, ...others.map(() => 35)]);
    });

    test("in allOf, of the levels that it is for", async () => {
      const { now } = passedClock();
      const shared = { store: store(), now };
      const org = createLimiter({ ...shared, name: uniqueName(), policies: [tokenBucket(hour)] });
      const user = createLimiter({ ...shared, name: uniqueName(), policies: [fixedWindow(hour)] });
      const both = allOf({ org, user });
      const key = { org: "k", user: "k" };
      await both.charge(key, 30, { limit: { org: { own: 0 } } });
      await both.refund(key, 10, { limit: { org: { own: 0 }, user: { own: Infinity } } });
      expect(left(await both.peek(key))).toEqual([80, 70]);
    });
  },
);

describe("where nothing is counted, the store is not asked", () => {
  function rigOf(options: Partial<LimiterOptions> = {}, policy = slidingLog({ limit: 5, window: "1 m" })) {
    const { now } = passedClock();
    const simulated = simulatedRedis(now);
    const store = interruptible(simulated);
    const events: LimiterEvent[] = [];
    const onEvent = (event: LimiterEvent) => void events.push(event);
    const limiter = createLimiter({ name: "test", store, policies: [policy], now, onEvent, ...options });
    return { limiter, store, simulated, events };
  }

  test.each([
    [0, false],
    [Infinity, true],
  ])("a limit of %d", async (limit, allowed) => {
    const { limiter, simulated, events } = rigOf();
    const asked = [await limiter.consume("k", { limit }), await limiter.peek("k", { limit })];
    expect(asked).toMatchObject(
      new Array(2).fill({ allowed, source: "snapshot", limit, burst: limit, remaining: limit }),
    );
    expect(simulated.asked).toBe(0);
    expect(events.map(({ type }) => type)).toEqual(["decision", "decision"]);
    expect(await limiter.peek("k")).toMatchObject({ remaining: 5 });
  });

  test.each([
    ["open", 0, false],
    ["closed", Infinity, true],
  ] as const)("so failure mode %s changes nothing for a limit of %d", async (failureMode, limit, allowed) => {
    const { limiter, store } = rigOf({ failureMode });
    store.down = true;
    expect(await limiter.consume("k", { limit })).toMatchObject({ allowed, source: "snapshot" });
  });

  test("JSON leaves out what is unlimited", async () => {
    const { limiter } = rigOf({}, tokenBucket({ name: "b", limit: 1, window: "1 s" }));
    const told = JSON.parse(JSON.stringify(await limiter.wait("k", { limit: Infinity, timeoutMs: 5 })));
    const waits = { retryAfterMs: 0, resetAfterMs: 0 };
    expect(told).toStrictEqual({
      ...waits,
      allowed: true,
      policy: "b",
      delayMs: 0,
      at: 0,
      source: "snapshot",
      policies: [{ ...waits, policy: "b", windowMs: 1000 }],
    });
  });
});

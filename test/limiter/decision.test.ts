import { describe, expect, test } from "vitest";
import { fixedWindow, type Policy, tokenBucket } from "../../src/algorithm/policy.ts";
import type { Decision } from "../../src/core/decision.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { interruptible } from "../support/interruptible.ts";
import { known } from "../support/known.ts";
import { passedClock } from "../support/passed-clock.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const { now } = passedClock();
const limiterOf = (...policies: Policy[]) => createLimiter({ name: "test", store: memoryStore(), policies, now });

describe("burst", () => {
  test("stands beside the limit: remaining counts down from it", async () => {
    const limiter = limiterOf(tokenBucket({ limit: 5, window: "10 s", burst: 10 }));
    expect(await limiter.consume("k")).toMatchObject({ limit: 5, burst: 10, remaining: 9 });
    expect(await limiter.consume("k", { limit: 50 })).toMatchObject({ limit: 50, burst: 100, remaining: 98 });
  });

  test("is that of the policy that binds", async () => {
    const limiter = limiterOf(
      tokenBucket({ name: "bucket", limit: 5, window: "10 s", burst: 10 }),
      fixedWindow({ name: "window", limit: 8, window: "1 m" }),
    );
    expect(await limiter.peek("k")).toMatchObject({ policy: "window", limit: 8, burst: 8 });
    const cost = { bucket: 10, window: 1 };
    expect(await limiter.consume("k", { cost })).toMatchObject({ policy: "bucket", limit: 5, burst: 10, remaining: 0 });
  });
});

describe("JSON of a decision", () => {
  const never = () => limiterOf(fixedWindow({ name: "w", limit: 5, window: "1 m" })).consume("k", { cost: 6 });
  const inJson = (value: unknown) => JSON.parse(JSON.stringify(value));

  test("leaves out a wait that never ends: null would count as 0", async () => {
    const decision = known(await never());
    expect([decision.retryAfterMs, decision.policies[0]?.retryAfterMs]).toEqual([Infinity, Infinity]);
    const { retryAfterMs: _never, policies: _policies, ...rest } = decision;
    const { retryAfterMs: _neverEither, ...status } = decision.policies[0] ?? {};
    expect(inJson(decision)).toStrictEqual({ ...rest, policies: [status] });
    const { retryAfterMs = Infinity } = (await Response.json({ told: decision }).json()).told;
    expect(retryAfterMs).toBe(Infinity);
  });

  test("is otherwise the decision's own numbers", async () => {
    const limiter = limiterOf(fixedWindow({ limit: 5, window: "1 m" }));
    for (const decision of [await limiter.consume("k", { cost: 5 }), await limiter.consume("k")]) {
      expect(inJson(decision)).toStrictEqual(decision);
    }
  });

  test("changes nothing else: copies, clones and comparisons see plain data", async () => {
    const decision = known(await never());
    const plain = { ...decision, policies: decision.policies.map((status) => ({ ...status })) };
    expect(decision).toStrictEqual(plain);
    expect(Object.keys(decision)).toEqual(Object.keys(plain));
    expect(structuredClone(decision)).toStrictEqual(plain);
    expect(plain.retryAfterMs).toBe(Infinity);
  });

  test("holds for decisions of memory, too", async () => {
    const store = interruptible(simulatedRedis(now));
    store.down = true;
    const policies = [fixedWindow({ limit: 5, window: "1 m" })];
    const limiter = createLimiter({ name: "test", store, policies, now, failureMode: "memory" });
    const decision: Decision = await limiter.consume("k", { cost: 6 });
    expect(decision).toMatchObject({ source: "memory", retryAfterMs: Infinity, error: { kind: "network" } });
    expect(inJson(decision)).not.toHaveProperty("retryAfterMs");
    expect(inJson(decision)).toMatchObject({ source: "memory", error: { kind: "network" } });
  });
});

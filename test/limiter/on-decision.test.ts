import { expect, test } from "vitest";
import { fixedWindow } from "../../src/algorithm/policy.ts";
import type { Decision } from "../../src/core/decision.ts";
import { StoreError } from "../../src/core/errors.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { clockAt } from "../support/clock.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const policies = [fixedWindow({ limit: 1, window: "1 m" })];

test("sees every decision as the caller gets it, and the key as the caller gave it", async () => {
  const { now } = clockAt();
  const seen: [Decision, string][] = [];
  const onDecision = (decision: Decision, key: string) => {
    seen.push([decision, key]);
  };
  const limiter = createLimiter({ store: simulatedRedis(now), policies, now, onDecision });
  const long = "x".repeat(200);
  const answers = [
    await limiter.consume("k"),
    await limiter.consume("k"),
    await limiter.peek("k"),
    await limiter.charge("k", 2),
    await limiter.refund("k", 3),
    await limiter.consume(long),
  ];
  expect(seen.map(([decision]) => decision)).toEqual(answers);
  expect(seen.map(([, key]) => key)).toEqual(["k", "k", "k", "k", "k", long]);
  expect(answers.map(({ source }) => source)).toEqual(["store", "snapshot", "snapshot", "store", "store", "store"]);
});

test("sees what answers when the store can't", async () => {
  const sources: string[] = [];
  const down = { ...simulatedRedis(() => 0), step: () => Promise.reject(new StoreError("network", "down")) };
  for (const failureMode of ["open", "closed", "memory"] as const) {
    const onDecision = ({ source, error }: Decision) => sources.push(`${source} ${error?.kind}`);
    await createLimiter({ store: down, policies, failureMode, onDecision }).consume("k");
  }
  expect(sources).toEqual(["fallback network", "fallback network", "memory network"]);
});

test("what it throws is nobody's trouble", async () => {
  const onDecision = () => {
    throw new Error("a listener's own");
  };
  const limiter = createLimiter({ store: memoryStore(), policies, onDecision });
  expect(await limiter.consume("k")).toMatchObject({ allowed: true });
});

test("is not told of misuse, which throws", async () => {
  let told = 0;
  const onDecision = () => {
    told += 1;
  };
  const limiter = createLimiter({ store: memoryStore(), policies, onDecision });
  await expect(limiter.consume("")).rejects.toThrow(TypeError);
  await expect(limiter.consume("k", { cost: -1 })).rejects.toThrow(RangeError);
  expect(told).toBe(0);
});

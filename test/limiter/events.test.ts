import { describe, expect, test } from "vitest";
import { fixedWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import { StoreError } from "../../src/core/errors.ts";
import type { DecisionEvent, LimiterEvent, StoreEvent } from "../../src/core/event.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../src/limiter/options.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { RemoteStore } from "../../src/store/store.ts";
import { clockAt } from "../support/clock.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const policies = [fixedWindow({ limit: 1, window: "1 m" })];

function rigOf(options: Partial<LimiterOptions> & Pick<LimiterOptions, "store">) {
  const events: LimiterEvent[] = [];
  const limiter = createLimiter({ name: "seen", policies, onEvent: (event) => void events.push(event), ...options });
  const decisions = () => events.filter((event): event is DecisionEvent => event.type === "decision");
  const store = () => events.filter((event): event is StoreEvent => event.type === "store");
  return { limiter, events, decisions, store };
}

/** A store that takes `ms` of the clock's time for everything. */
function slow(clock: { ms: number }, store: RemoteStore, ms: number): RemoteStore {
  const late = async <T>(answer: Promise<T>) => {
    clock.ms += ms;
    return answer;
  };
  return {
    ...store,
    step: (request, signal) => late(store.step(request, signal)),
    reset: (key, signal) => late(store.reset(key, signal)),
  };
}

describe("what observers are told", () => {
  test("each decision as the caller gets it, with limiter, operation, the key as it was given, and the store's time", async () => {
    const clock = clockAt();
    const store = slow(clock, simulatedRedis(clock.now), 7);
    const { limiter, decisions } = rigOf({ store, now: clock.now });
    const long = "x".repeat(200);
    const answers = [
      await limiter.consume("k"),
      await limiter.consume("k"),
      await limiter.peek("k"),
      await limiter.charge("k", 2),
      await limiter.refund("k", 3),
      await limiter.consume(long),
    ];
    expect(decisions().map(({ decision }) => decision)).toEqual(answers);
    expect(decisions().map(({ operation }) => operation)).toEqual([
      "consume",
      "consume",
      "peek",
      "charge",
      "refund",
      "consume",
    ]);
    expect(decisions().map(({ key }) => key)).toEqual(["k", "k", "k", "k", "k", long]);
    expect(decisions().every((event) => event.limiter === "seen")).toBe(true);
    expect(answers.map(({ source }) => source)).toEqual(["store", "snapshot", "snapshot", "store", "store", "store"]);
    expect(decisions().map(({ storeMs }) => storeMs)).toEqual([7, undefined, undefined, 7, 7, 7]);
  });

  test("each request to the store, with its purpose, its time and why it failed", async () => {
    const clock = clockAt();
    const { limiter, store } = rigOf({ store: slow(clock, simulatedRedis(clock.now), 3), now: clock.now });
    await limiter.consume("k");
    await limiter.consume("k");
    await limiter.reset("k");
    expect(store()).toEqual([
      { type: "store", limiter: "seen", purpose: "check", ms: 3 },
      { type: "store", limiter: "seen", purpose: "reset", ms: 3 },
    ]);

    const error = new StoreError("network", "down");
    const fails = () => Promise.reject(error);
    const down: RemoteStore = { ...simulatedRedis(() => 0), step: fails, reset: fails };
    for (const failureMode of ["open", "closed", "memory"] as const) {
      const sick = rigOf({ store: down, failureMode, name: failureMode });
      await sick.limiter.consume("k");
      await expect(sick.limiter.reset("k")).rejects.toBe(error);
      expect(sick.store()).toMatchObject([
        { purpose: "check", error: { kind: "network" } },
        { purpose: "reset", error: { kind: "network" } },
      ]);
      expect(sick.decisions()).toMatchObject([
        { decision: { source: failureMode === "memory" ? "memory" : "fallback" } },
      ]);
    }
  });

  test("a wait is one operation, however often it asks", async () => {
    const clock = clockAt();
    const bucket = [tokenBucket({ limit: 10, window: "1 s", burst: 1 })];
    const { limiter, decisions, store } = rigOf({
      store: slow(clock, simulatedRedis(clock.now), 2),
      now: clock.now,
      policies: bucket,
    });
    await limiter.wait("k", { timeoutMs: 1000 });
    expect(store()).toHaveLength(1);
    expect(decisions()).toMatchObject([{ operation: "wait", decision: { allowed: true }, storeMs: 2 }]);
  });

  test("which waitUntil the call brought, else the limiter's", async () => {
    const [own, brought] = [() => {}, () => {}];
    const { limiter, decisions } = rigOf({ store: memoryStore(), waitUntil: own });
    await limiter.consume("k");
    await limiter.consume("k", { waitUntil: brought });
    await limiter.wait("k2", { timeoutMs: 0, waitUntil: brought });
    expect(decisions().map(({ waitUntil }) => waitUntil)).toEqual([own, brought, brought]);
    const { limiter: bare, decisions: told } = rigOf({ store: memoryStore() });
    await bare.consume("k");
    expect(told()[0]?.waitUntil).toBeUndefined();
  });

  test("nothing of misuse, which throws", async () => {
    const { limiter, events } = rigOf({ store: memoryStore() });
    await expect(limiter.consume("")).rejects.toThrow(TypeError);
    await expect(limiter.consume("k", { cost: -1 })).rejects.toThrow(RangeError);
    expect(events).toEqual([]);
  });
});

test("all of a list are told, and what one of them throws is ignored", async () => {
  const told: string[] = [];
  const thrower = () => {
    throw new Error("an observer's own");
  };
  const onEvent = [
    thrower,
    () => void told.push("a"),
    () => Promise.reject(new Error("late")),
    () => void told.push("b"),
  ];
  const limiter = createLimiter({ name: "list", store: memoryStore(), policies, onEvent });
  expect(await limiter.consume("k")).toMatchObject({ allowed: true });
  expect(told).toEqual(["a", "b"]);
});

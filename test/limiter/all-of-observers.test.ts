import { describe, expect, test } from "vitest";
import { fixedWindow } from "../../src/algorithm/policy.ts";
import { StoreError } from "../../src/core/errors.ts";
import type { DecisionEvent, LimiterEvent, StoreEvent } from "../../src/core/event.ts";
import { type AllOfOptions, allOf } from "../../src/limiter/all-of.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../src/limiter/options.ts";
import { countDecisions } from "../../src/observe/count-decisions.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { RemoteStore, Store } from "../../src/store/store.ts";
import { clockAt } from "../support/clock.ts";

const KEYS = { org: "acme", user: "ada" };

/** A store in reach only while `down` is undefined; it answers nothing else but that it is not. */
function failing(): RemoteStore & { down: StoreError; asked: number } {
  const store = {
    remote: true as const,
    clock: "limiter" as const,
    down: new StoreError("network", "down"),
    asked: 0,
    step: () => Promise.reject(store.down),
    run: () => {
      store.asked += 1;
      return Promise.reject(store.down);
    },
    reset: () => Promise.reject(store.down),
  };
  return store;
}

function rigOf(
  store: Store,
  each: Partial<Record<"org" | "user", Partial<LimiterOptions>>> = {},
  whole?: AllOfOptions,
) {
  const clock = clockAt();
  const events: Record<"org" | "user" | "whole", LimiterEvent[]> = { org: [], user: [], whole: [] };
  const limiterOf = (name: "org" | "user", limit: number) =>
    createLimiter({
      name: `the-${name}`,
      store,
      policies: [fixedWindow({ name: "quota", limit, window: "1 h" })],
      now: clock.now,
      onEvent: (event) => void events[name].push(event),
      ...each[name],
    });
  const [org, user] = [limiterOf("org", 5), limiterOf("user", 2)];
  const all = allOf({ org, user }, { onEvent: (event) => void events.whole.push(event), ...whole });
  return { all, org, user, events, clock };
}

const decisionsIn = (events: readonly LimiterEvent[]) =>
  events.filter((event): event is DecisionEvent => event.type === "decision");
const askedIn = (events: readonly LimiterEvent[]) =>
  events.filter((event): event is StoreEvent => event.type === "store");

describe("observers", () => {
  test("each limiter's get one event with its own part, its own key and the outcome of the whole", async () => {
    const { all, events } = rigOf(memoryStore());
    const whole = [await all.consume(KEYS), await all.consume(KEYS, { cost: { org: 1, user: 2 } })];
    for (const level of ["org", "user"] as const) {
      expect(events[level]).toEqual(
        whole.map((decision) => ({
          type: "decision",
          limiter: `the-${level}`,
          operation: "consume",
          key: KEYS[level],
          decision: decision.parts[level],
          whole: decision,
          waitUntil: undefined,
        })),
      );
    }
    expect(decisionsIn(events.org).map((event) => [event.decision.allowed, event.whole?.allowed])).toEqual([
      [true, true],
      [true, false],
    ]);
    expect(events.whole).toMatchObject(
      whole.map((decision) => ({ limiter: "org+user", key: KEYS[decision.level], decision, operation: "consume" })),
    );
  });

  test("the whole's own get the requests to the store, with the time that they took", async () => {
    const store = failing();
    const { all, events } = rigOf(store, {}, { failureMode: "closed" });
    await all.consume(KEYS);
    await expect(all.reset(KEYS)).rejects.toBe(store.down);
    expect(askedIn(events.whole)).toMatchObject([
      { limiter: "org+user", purpose: "check", ms: 0, error: store.down },
      { limiter: "org+user", purpose: "reset", ms: 0, error: store.down },
    ]);
    expect(decisionsIn(events.whole)).toMatchObject([{ storeMs: 0 }]);
    expect(askedIn(events.org)).toMatchObject([
      { limiter: "the-org", purpose: "check", ms: 0, error: store.down },
      { limiter: "the-org", purpose: "reset", ms: 0, error: store.down },
    ]);
    expect(askedIn(events.user)).toEqual([]);
    expect(decisionsIn(events.org)).toMatchObject([{ storeMs: 0, decision: { source: "fallback" } }]);
  });

  test("the requests are told to the first limiter that has observers, whether or not the whole has any", async () => {
    const store = failing();
    const { all, events } = rigOf(
      store,
      { org: { onEvent: undefined } },
      { failureMode: "closed", onEvent: undefined },
    );
    await all.consume(KEYS);
    expect(askedIn(events.user)).toMatchObject([{ limiter: "the-user", purpose: "check", error: store.down }]);
    expect(decisionsIn(events.user)).toMatchObject([{ storeMs: 0 }]);
    const none = { onEvent: undefined };
    expect(await rigOf(store, { org: none, user: none }, none).all.consume(KEYS)).toMatchObject({ error: store.down });
  });

  test("a part that was not asked for is told as the whole", async () => {
    const { all, events } = rigOf(memoryStore());
    const denied = await all.consume(KEYS, { limit: { user: 0 } });
    expect(decisionsIn(events.org)[0]).toMatchObject({ decision: denied, whole: denied });
    expect(decisionsIn(events.user)[0]).toMatchObject({ decision: denied.parts.user, whole: denied });
  });

  test("countDecisions counts what all of it came to", async () => {
    const counter = countDecisions();
    const { all, org } = rigOf(memoryStore(), { org: { onEvent: counter } });
    for (let i = 0; i < 3; i += 1) await all.consume(KEYS);
    expect(counter.counts()).toMatchObject({ allowed: { store: 2 }, denied: { store: 1 } });
    expect(await org.consume("acme")).toMatchObject({ allowed: true });
    expect(counter.counts()).toMatchObject({ allowed: { store: 3 }, denied: { store: 1 } });
  });

  test("waitUntil: the call's, else the whole's, else that of the first limiter that has one", async () => {
    const [own, ofUser, brought] = [() => {}, () => {}, () => {}];
    const first = rigOf(memoryStore(), { user: { waitUntil: ofUser } });
    await first.all.consume(KEYS);
    await first.all.consume(KEYS, { waitUntil: brought });
    expect(decisionsIn(first.events.org).map(({ waitUntil }) => waitUntil)).toEqual([ofUser, brought]);
    const second = rigOf(memoryStore(), { user: { waitUntil: ofUser } }, { waitUntil: own });
    await second.all.consume(KEYS);
    expect(decisionsIn(second.events.user).map(({ waitUntil }) => waitUntil)).toEqual([own]);
  });
});

describe("failure", () => {
  const MODES = ["closed", "memory", "open"] as const;

  test.each(MODES.flatMap((org) => MODES.map((user) => [org, user] as const)))(
    "of %s and %s the stricter mode answers, unless another is named",
    async (org, user) => {
      const store = failing();
      const strictest = MODES.find((mode) => mode === org || mode === user);
      const { all } = rigOf(store, { org: { failureMode: org }, user: { failureMode: user } });
      const answer = await all.consume(KEYS);
      expect(answer.source).toBe(strictest === "memory" ? "memory" : "fallback");
      expect(answer.allowed).toBe(strictest !== "closed");
      for (const mode of MODES) {
        const named = rigOf(store, { org: { failureMode: org }, user: { failureMode: user } }, { failureMode: mode });
        const answer = await named.all.consume(KEYS);
        expect(answer).toMatchObject({ allowed: mode !== "closed", error: store.down });
        expect(answer.source).toBe(mode === "memory" ? "memory" : "fallback");
      }
    },
  );

  test("closed denies all and says when to come back; each part tells the same of its limiter", async () => {
    const { all } = rigOf(failing(), {}, { failureMode: "closed" });
    const answer = await all.consume(KEYS);
    expect(answer).toMatchObject({ allowed: false, level: "org", limiter: "the-org", limit: 5, retryAfterMs: 1000 });
    expect(answer.parts).toMatchObject({
      org: { allowed: false, policy: "quota", limit: 5, source: "fallback" },
      user: { allowed: false, policy: "quota", limit: 2, source: "fallback" },
    });
    expect(await all.charge(KEYS, 1)).toMatchObject({ allowed: true, source: "fallback" });
  });

  test("memory counts all levels in this isolate, all or nothing, and takes back what it gave", async () => {
    const store = failing();
    const { all } = rigOf(store, {}, { failureMode: "memory" });
    const first = await all.consume(KEYS, { cost: 2 });
    expect(first).toMatchObject({ allowed: true, source: "memory", level: "user", remaining: 0, error: store.down });
    const denied = await all.consume(KEYS);
    expect(denied).toMatchObject({ allowed: false, level: "user", parts: { org: { allowed: true, remaining: 3 } } });
    const asked = store.asked;
    expect(await all.refund(KEYS, 2, { since: first })).toMatchObject({ allowed: true, source: "memory" });
    expect(store.asked).toBe(asked);
    expect(await all.peek(KEYS)).toMatchObject({
      allowed: true,
      parts: { org: { remaining: 5 }, user: { remaining: 2 } },
    });
    await expect(all.reset(KEYS)).rejects.toBe(store.down);
  });

  test("nothing is asked twice, and after failures in a row nothing at all, by the first limiter's breaker", async () => {
    const store = failing();
    const { all } = rigOf(store, { org: { breaker: { failures: 2 } } });
    for (let i = 0; i < 5; i += 1) await all.consume(KEYS);
    expect(store.asked).toBe(2);
    const without = rigOf(store, { org: { breaker: false } });
    for (let i = 0; i < 5; i += 1) await without.all.consume(KEYS);
    expect(store.asked).toBe(7);
  });

  test("the shortest of the limiters' timeouts holds, unless another is named", async () => {
    const hanging = { ...failing(), run: () => new Promise<never>(() => {}) };
    const each = { org: { timeoutMs: 60_000 }, user: { timeoutMs: 5 } };
    expect(await rigOf(hanging, each).all.consume(KEYS)).toMatchObject({ error: { kind: "timeout" } });
    const named = rigOf(hanging, { org: { timeoutMs: 60_000 }, user: { timeoutMs: 60_000 } }, { timeoutMs: 5 });
    expect(await named.all.consume(KEYS)).toMatchObject({ error: { kind: "timeout" } });
  });

  test.each<[string, unknown]>([
    ["no list", "OK"],
    ["nothing", null],
    ["a number too many", [1, 5, 1, 5, 1, 1]],
    ["a number too few", [1, 5, 1, 5]],
    ["a verdict that the states contradict", [0, 5, 0, 5, 0]],
    ["more than the limit", [1, 5, 9, 5, 1]],
  ])("a reply that makes no sense counts as none: %s", async (_what, reply) => {
    const run = async (_script: unknown, _keys: unknown, [now = ""]: readonly string[]) =>
      Array.isArray(reply) ? reply.map((number) => (number === 5 ? Number(now) : number)) : reply;
    const { all } = rigOf({ ...failing(), run });
    expect(await all.consume(KEYS)).toMatchObject({ source: "fallback", error: { kind: "reply" } });
  });

  test("a signal ends the call", async () => {
    const store = failing();
    const { all } = rigOf(store);
    await expect(all.consume(KEYS, { signal: AbortSignal.abort(new Error("gone")) })).rejects.toThrow("gone");
    expect(store.asked).toBe(0);
  });
});

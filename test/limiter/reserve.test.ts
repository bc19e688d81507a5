import { afterAll, describe, expect, inject, test } from "vitest";
import { fixedWindow, type Policy, slidingLog, slidingWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import type { LimiterEvent } from "../../src/core/event.ts";
import { allOf } from "../../src/limiter/all-of.ts";
import type { FailureMode } from "../../src/limiter/checked-options.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { redisStore } from "../../src/store/redis.ts";
import type { Store } from "../../src/store/store.ts";
import { clockAt } from "../support/clock.ts";
import { interruptible } from "../support/interruptible.ts";
import { known } from "../support/known.ts";
import { connect, uniqueName } from "../support/redis.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const STORES: Record<string, () => Store> = {
  memory: () => memoryStore(),
  Redis: () => redisStore(ioredisClient(redis)),
};

const hourly = fixedWindow({ name: "hourly", limit: 100, window: "1 h" });
const requests = fixedWindow({ name: "requests", limit: 10, window: "1 h" });
const tokens = tokenBucket({ name: "tokens", limit: 1000, window: "1000 s" });

function rigOf(store: Store, ...policies: Policy[]) {
  const clock = clockAt();
  const events: LimiterEvent[] = [];
  const limiter = createLimiter({
    name: uniqueName(),
    store,
    policies,
    now: clock.now,
    onEvent: (event) => void events.push(event),
  });
  const operations = () => events.flatMap((event) => (event.type === "decision" ? [event.operation] : []));
  return { clock, limiter, events, operations };
}

const remainingOf = async (limiter: Limiter) =>
  known(await limiter.peek("k")).policies.map(({ remaining }) => remaining);

describe.each(Object.entries(STORES))("on %s", (_name, storeOf) => {
  test("a settlement books what was used in place of what was reserved: less, as much, or more", async () => {
    const { limiter, operations } = rigOf(storeOf(), hourly);
    for (const [actual, left] of [
      [10, 90],
      [40, 50],
      [45, 5],
      [0, 5],
    ] as const) {
      const reservation = await limiter.reserve("k", { cost: Math.min(40, left + 10) });
      expect(reservation).toMatchObject({ allowed: actual !== 0, policy: "hourly" });
      expect(await reservation.settle(actual)).toMatchObject({ remaining: left });
      expect(await remainingOf(limiter)).toEqual([left]);
    }
    // The last one was denied, so it settled nothing.
    expect(operations().filter((operation) => operation === "settle")).toHaveLength(3);
  });

  test("costs by policy are settled by policy in one request; what is left out counts as used up", async () => {
    const { limiter, events } = rigOf(storeOf(), requests, tokens);
    const first = await limiter.reserve("k", { cost: { requests: 1, tokens: 500 } });
    expect(await first.settle({ tokens: 300 })).toMatchObject({ allowed: true });
    expect(await remainingOf(limiter)).toEqual([9, 700]);
    const second = await limiter.reserve("k", { cost: { tokens: 500 } });
    const before = events.filter(({ type }) => type === "store").length;
    await second.settle({ requests: 2, tokens: 450 });
    expect(await remainingOf(limiter)).toEqual([7, 250]);
    const asked = events.filter(({ type }) => type === "store").length - before;
    expect(asked, "one for both, and one for the look").toBe(before === 0 ? 0 : 2);
    const third = await limiter.reserve("k", { cost: { requests: 1, tokens: 250 } });
    await third.settle(0);
    expect(await remainingOf(limiter)).toEqual([7, 250]);
    const fourth = await limiter.reserve("k", { cost: 5 });
    await fourth.settle({ tokens: 7 });
    expect(await remainingOf(limiter)).toEqual([2, 243]);
  });

  test("of a window that has ended nothing comes back: it would admit too much of the next one", async () => {
    const { limiter, clock } = rigOf(storeOf(), hourly);
    const reservation = await limiter.reserve("k", { cost: 40 });
    clock.ms += 3_600_000;
    expect(await limiter.consume("k", { cost: 100 })).toMatchObject({ allowed: true });
    await reservation.settle(10);
    expect(await limiter.consume("k", { cost: 30 })).toMatchObject({ allowed: false });
    // A refund that does not say of what goes to what counts now.
    await limiter.refund("k", 30);
    expect(await limiter.consume("k", { cost: 30 })).toMatchObject({ allowed: true });
  });

  test("what a bucket has refilled in the meantime does not come back once more", async () => {
    const { limiter, clock } = rigOf(storeOf(), tokens);
    const reservation = await limiter.reserve("k", { cost: 400 });
    clock.ms += 300_000;
    expect(await reservation.settle(0)).toMatchObject({ remaining: 1000 });
    await limiter.consume("k", { cost: 1000 });
    const second = await limiter.reserve("k", { cost: 0 });
    clock.ms += 500_000;
    const third = await limiter.reserve("k", { cost: 400 });
    clock.ms += 100_000;
    expect(await third.settle(100), "300 less 100 of 600 in use").toMatchObject({ remaining: 400 });
    expect(await second.settle(50)).toMatchObject({ remaining: 350 });
  });

  test("two windows: it comes out of the one that was debited", async () => {
    const { limiter, clock } = rigOf(storeOf(), slidingWindow({ limit: 100, window: "10 s" }));
    const reservation = await limiter.reserve("k", { cost: 60 });
    clock.ms += 10_000;
    await limiter.consume("k", { cost: 40 });
    expect(await reservation.settle(20)).toMatchObject({ remaining: 40 });
    clock.ms += 5000;
    expect(await remainingOf(limiter), "20 by half, and 40").toEqual([50]);
  });

  test("a decision out of JSON settles as well, from another isolate's limiter", async () => {
    const store = storeOf();
    const { limiter, clock } = rigOf(store, hourly);
    const told = JSON.stringify(await limiter.reserve("k", { cost: 40 }));
    const worker = createLimiter({ name: limiter.name, store, policies: [hourly], now: clock.now });
    clock.ms += 1000;
    expect(await worker.refund("k", 30, { since: JSON.parse(told) })).toMatchObject({ remaining: 90 });
    clock.ms += 3_600_000;
    await worker.consume("k", { cost: 100 });
    expect(await worker.refund("k", 30, { since: JSON.parse(told) })).toMatchObject({ remaining: 0 });
  });
});

test("a settlement counts once: later ones resolve to the first one's outcome", async () => {
  const { limiter, clock, operations } = rigOf(simulatedRedis(Date.now), hourly);
  const reservation = await limiter.reserve("k", { cost: 40 });
  const outcomes = await Promise.all([reservation.settle(10), reservation.settle(20)]);
  clock.ms += 1000;
  outcomes.push(await reservation.settle(0));
  expect(new Set(outcomes)).toEqual(new Set([outcomes[0]]));
  expect(outcomes[0]).toMatchObject({ remaining: 90 });
  expect(operations()).toEqual(["reserve", "settle"]);
  expect(await remainingOf(limiter)).toEqual([90]);
});

test("a mistake settles nothing, and can be mended", async () => {
  const { limiter } = rigOf(memoryStore(), requests, tokens);
  const byName = await limiter.reserve("k", { cost: { requests: 1, tokens: 500 } });
  const mistakes: [unknown, RegExp][] = [
    [-1, /actual must be/],
    [1.5, /actual must be/],
    [undefined, /actual must be a whole number/],
    ["5", /actual must be/],
    [Promise.resolve(5), /actual must be a whole number or a plain object/],
    [300, /actual must be 0 or an object by name, as the cost is, not 300/],
    [{ tokens: -1 }, /actual\.tokens must be a whole number/],
    [{ tokns: 1 }, /actual names the policy "tokns"; this limiter has "requests", "tokens"/],
  ];
  for (const [actual, message] of mistakes) {
    await expect(byName.settle(actual as never), String(actual)).rejects.toThrow(message);
  }
  await byName.settle({ tokens: 300 });
  expect(await remainingOf(limiter)).toEqual([9, 700]);
});

test.each([
  [{ unsettled: "kept" }, /unsettled must be "spent" or "returned", not "kept"/],
  [{ unsettled: "returned" }, /within must be/],
  [{ unsettled: "returned", within: "soon" }, /within must be/],
  [{ cost: -1 }, /cost must be/],
])("reserve with %j takes nothing", async (options, message) => {
  const { limiter } = rigOf(memoryStore(), hourly);
  await expect(limiter.reserve("k", options as never)).rejects.toThrow(message);
  expect(await remainingOf(limiter)).toEqual([100]);
});

describe("a reservation that is never settled", () => {
  test("stays spent when its scope ends", async () => {
    const { limiter, operations } = rigOf(memoryStore(), hourly);
    {
      await using reservation = await limiter.reserve("k", { cost: 40 });
      expect(reservation.allowed).toBe(true);
    }
    expect(await remainingOf(limiter)).toEqual([60]);
    expect(operations()).toEqual(["reserve", "peek"]);
  });

  test("goes back when its scope ends, if that is what is asked for", async () => {
    const { limiter } = rigOf(memoryStore(), hourly);
    const broken = (async () => {
      await using _reservation = await limiter.reserve("k", { cost: 40, unsettled: "returned", within: "30 s" });
      expect(await remainingOf(limiter)).toEqual([60]);
      throw new Error("the model is away");
    })();
    await expect(broken).rejects.toThrow("the model is away");
    expect(await remainingOf(limiter)).toEqual([100]);
  });

  test("does not go back if it was settled", async () => {
    const { limiter, operations } = rigOf(memoryStore(), hourly);
    {
      await using reservation = await limiter.reserve("k", { cost: 40, unsettled: "returned", within: "30 s" });
      await reservation.settle(10);
    }
    expect(await remainingOf(limiter)).toEqual([90]);
    expect(operations()).toEqual(["reserve", "settle", "peek"]);
  });

  test("gives nothing back after the time that was said, but books what was used beyond it", async () => {
    const { limiter, clock } = rigOf(memoryStore(), hourly);
    const options = { cost: 40, unsettled: "returned", within: "30 s" } as const;
    const [less, more, none] = [
      await limiter.reserve("k", { ...options, cost: 10 }),
      await limiter.reserve("k", { ...options, cost: 10 }),
      await limiter.reserve("k", options),
    ];
    clock.ms += 30_000;
    await less.settle(3);
    expect(await remainingOf(limiter), "just in time").toEqual([47]);
    clock.ms += 1;
    await more.settle(15);
    await none[Symbol.asyncDispose]();
    expect(await remainingOf(limiter)).toEqual([42]);
  });
});

test("a limiter without work in flight has nothing to release or to extend", async () => {
  const { limiter, operations } = rigOf(memoryStore(), hourly);
  const { release, extend, settle } = await limiter.reserve("k", { cost: 40 });
  expect(await release()).toBeUndefined();
  expect(await extend()).toBe(false);
  expect(await remainingOf(limiter)).toEqual([60]);
  await settle(0);
  expect(await remainingOf(limiter)).toEqual([100]);
  expect(operations()).toEqual(["reserve", "peek", "settle", "peek"]);
});

test("observers are told of both, with the same key, and get plain decisions", async () => {
  const { limiter, events } = rigOf(simulatedRedis(Date.now), hourly);
  const reservation = await limiter.reserve("k", { cost: 40 });
  await reservation.settle(10);
  const decisions = events.filter((event) => event.type === "decision");
  expect(decisions.map(({ operation, key, decision }) => [operation, key, decision.allowed])).toEqual([
    ["reserve", "k", true],
    ["settle", "k", true],
  ]);
  expect("settle" in (decisions[0]?.decision ?? {})).toBe(false);
  expect(structuredClone(reservation)).toEqual(decisions[0]?.decision);
  expect(JSON.parse(JSON.stringify(reservation))).toEqual(decisions[0]?.decision);
});

test("the caller's signal ends the reservation's call, not its settlement: the work may have cost something", async () => {
  const { limiter } = rigOf(simulatedRedis(Date.now), hourly);
  const caller = new AbortController();
  const reservation = await limiter.reserve("k", { cost: 40, signal: caller.signal });
  caller.abort("gone");
  await reservation.settle(10);
  expect(await remainingOf(limiter)).toEqual([90]);
  await expect(limiter.reserve("k", { signal: caller.signal })).rejects.toBe("gone");
});

describe("where the store is away", () => {
  function limitersOf(failureMode: FailureMode) {
    const clock = clockAt();
    const store = interruptible(simulatedRedis(clock.now));
    const options = { name: "login", policies: [hourly], now: clock.now, breaker: false } as const;
    return { limiter: createLimiter({ ...options, store, failureMode }), store, clock };
  }

  test.each(["open", "closed"] as const)("failure mode %s: nobody counted, so nothing is settled", async (mode) => {
    const { limiter, store } = limitersOf(mode);
    store.down = true;
    const reservation = await limiter.reserve("k", { cost: 40 });
    expect(reservation).toMatchObject({ allowed: mode === "open", source: "fallback" });
    store.down = false;
    expect(await reservation.settle(10)).toMatchObject({ source: "fallback" });
    expect(await reservation.settle(90)).toMatchObject({ source: "fallback" });
    expect(await remainingOf(limiter)).toEqual([100]);
  });

  test("failure mode memory: it goes to whoever took", async () => {
    const { limiter, store } = limitersOf("memory");
    store.down = true;
    const local = await limiter.reserve("k", { cost: 40 });
    expect(local).toMatchObject({ source: "memory", remaining: 60 });
    store.down = false;
    const remote = await limiter.reserve("k", { cost: 70 });
    expect(await local.settle(10)).toMatchObject({ source: "memory", remaining: 90 });
    expect(await remainingOf(limiter)).toEqual([30]);
    store.down = true;
    const lost = await remote.settle(20);
    expect(lost).toMatchObject({ source: "fallback", error: { kind: "network" } });
    store.down = false;
    expect(await remote.settle(20), "nothing is retried").toBe(lost);
    expect(await remainingOf(limiter)).toEqual([30]);
  });
});

test("what the call's own limits decide is not settled, and the store not asked", async () => {
  const redis = simulatedRedis(Date.now);
  const { limiter } = rigOf(redis, hourly);
  const free = await limiter.reserve("k", { cost: 40, limit: Infinity });
  expect(free).toMatchObject({ allowed: true, source: "snapshot", at: 0 });
  expect(await free.settle(10)).toMatchObject({ allowed: true });
  expect(redis.asked).toBe(0);
});

test("a settlement counts by the limit of its reservation", async () => {
  const { limiter, clock } = rigOf(memoryStore(), tokens);
  const reservation = await limiter.reserve("k", { cost: 1000, limit: 10_000 });
  clock.ms += 50_000;
  expect(await reservation.settle(0), "10 refill in each second, 500 so far").toMatchObject({ remaining: 10_000 });
});

test("slidingLog: what has left does not come back", async () => {
  const { limiter, clock } = rigOf(memoryStore(), slidingLog({ limit: 10, window: "10 s" }));
  const [early, late] = [await limiter.reserve("k", { cost: 4 }), await limiter.reserve("k", { cost: 4 })];
  clock.ms += 9999;
  expect(await early.settle(1)).toMatchObject({ remaining: 5 });
  await limiter.consume("k", { cost: 5 });
  clock.ms += 1;
  expect(await late.settle(0)).toMatchObject({ remaining: 5 });
});

describe.each(Object.entries(STORES))("allOf on %s", (_name, storeOf) => {
  function levels() {
    const clock = clockAt();
    const [store, run] = [storeOf(), uniqueName()];
    const limiterOf = (name: string, ...policies: Policy[]) =>
      createLimiter({ name: `${run}-${name}`, store, policies, now: clock.now });
    const org = limiterOf("org", hourly);
    const user = limiterOf("user", requests, tokens);
    const left = async () => [
      ...(await remainingOf({ ...org, peek: () => org.peek("acme") })),
      ...(await remainingOf({ ...user, peek: () => user.peek("ada") })),
    ];
    return { clock, all: allOf({ org, user }), left };
  }
  const key = { org: "acme", user: "ada" };

  test("is settled by level and policy, as its costs are", async () => {
    const { all, left } = levels();
    const first = await all.reserve(key, { cost: { org: 40, user: { requests: 1, tokens: 400 } } });
    expect(first).toMatchObject({ allowed: true, parts: { org: { remaining: 60 } } });
    expect(await first.settle({ org: 10, user: { tokens: 500 } })).toMatchObject({ allowed: true });
    expect(await left()).toEqual([90, 9, 500]);
    const second = await all.reserve(key, { cost: 5 });
    await second.settle({ user: { tokens: 1 } });
    expect(await left()).toEqual([85, 4, 499]);
    const third = await all.reserve(key, { cost: { user: { tokens: 99 } } });
    await third.settle(0);
    expect(await left()).toEqual([85, 4, 499]);
    const denied = await all.reserve(key, { cost: { user: { tokens: 600 } } });
    expect(await denied.settle(5)).toMatchObject({ allowed: false, level: "user" });
    expect(await left()).toEqual([85, 4, 499]);
  });

  test("what each key counts no more does not come back, whatever the others do", async () => {
    const { all, left, clock } = levels();
    const reservation = await all.reserve(key, { cost: { org: 40, user: { requests: 4, tokens: 400 } } });
    clock.ms += 3_600_000;
    await all.consume(key, { cost: { org: 50, user: { requests: 5, tokens: 1000 } } });
    await reservation.settle(0);
    expect(await left()).toEqual([50, 5, 0]);
  });

  test("a mistake says which level it is at, and settles nothing", async () => {
    const { all, left } = levels();
    const reservation = await all.reserve(key, { cost: { org: 40, user: { requests: 1, tokens: 400 } } });
    const settle = reservation.settle as (actual: unknown) => Promise<unknown>;
    await expect(settle(5)).rejects.toThrow(/actual must be 0 or an object by name, as the cost is, not 5/);
    await expect(settle({ user: 5 })).rejects.toThrow(/Level "user": actual must be 0 or an object by name/);
    await expect(settle({ team: 5 })).rejects.toThrow(/actual names the level "team"/);
    await expect(settle({ org: -1 })).rejects.toThrow(/Level "org": actual must be a whole number/);
    expect(await left()).toEqual([60, 9, 600]);
    await settle({ org: 0, user: 0 });
    expect(await left()).toEqual([100, 10, 1000]);
  });

  test("a refund of a decision that is none of theirs is refused", async () => {
    const { all, left } = levels();
    const since = { allowed: true, source: "store", at: 1 } as never;
    await expect(all.refund(key, 5, { since })).rejects.toThrow(/Level "org": since must be a decision/);
    const taken = JSON.parse(JSON.stringify(await all.consume(key, { cost: 5 })));
    await all.refund(key, 5, { since: taken });
    expect(await left()).toEqual([100, 10, 1000]);
  });
});

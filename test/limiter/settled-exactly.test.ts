import { expect, test } from "vitest";
import { fixedWindow, type Policy, tokenBucket } from "../../src/algorithm/policy.ts";
import type { LimiterEvent } from "../../src/core/event.ts";
import { allOf } from "../../src/limiter/all-of.ts";
import { anyOf } from "../../src/limiter/any-of.ts";
import { inFlight } from "../../src/limiter/in-flight/policy.ts";
import { leases } from "../../src/limiter/leases/leases.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../src/limiter/options.ts";
import { penalty } from "../../src/limiter/penalty/penalty.ts";
import { regions } from "../../src/limiter/regions/regions.ts";
import { clockAt } from "../support/clock.ts";
import { interruptible } from "../support/interruptible.ts";
import { known } from "../support/known.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const hourly = fixedWindow({ name: "hourly", limit: 100, window: "1 h" });
const requests = fixedWindow({ name: "requests", limit: 10, window: "1 h" });
const tokens = tokenBucket({ name: "tokens", limit: 1000, window: "1000 s" });

/** Limiters on one store, which counts what it is asked. */
function rigOf(more: Partial<LimiterOptions> = {}) {
  const clock = clockAt();
  const store = simulatedRedis(clock.now);
  const events: LimiterEvent[] = [];
  const limiterOf = (name: string, policies: LimiterOptions["policies"] = [hourly]) =>
    createLimiter({
      name,
      store,
      policies,
      now: clock.now,
      onEvent: (event) => void events.push(event),
      ...more,
    });
  /** How often the store was asked meanwhile. */
  async function asked(task: () => Promise<unknown>): Promise<number> {
    const before = store.asked;
    await task();
    return store.asked - before;
  }
  return { clock, store, events, limiterOf, asked };
}

test.each<[string, LimiterOptions["policies"], unknown, unknown]>([
  ["a number", [hourly], 40, 40],
  ["the default", [hourly], undefined, 1],
  ["nothing", [hourly], 0, 0],
  ["all policies by name", [requests, tokens], { requests: 1, tokens: 300 }, { requests: 1, tokens: 300 }],
  ["what is left out", [requests, tokens], { requests: 1, tokens: 300 }, { requests: 1 }],
  ["an empty record", [requests, tokens], 3, {}],
  ["beside a penalty", [hourly, penalty({ after: 2, within: "1 m", for: "1 h" })], 40, 40],
])(
  "what was used as reserved (%s) asks nobody, and is told as the reservation was",
  async (_how, policies, cost, actual) => {
    const { limiterOf, asked, events, clock } = rigOf();
    const limiter = limiterOf("api", policies);
    const reservation = await limiter.reserve("k", { cost: cost as number });
    clock.ms += 1000;
    expect(await asked(() => reservation.settle(actual as number))).toBe(0);
    const told = events.filter((event) => event.type === "decision");
    expect(told.map(({ operation }) => operation)).toEqual(["reserve", "settle"]);
    expect(told[1]).toMatchObject({ key: "k", decision: told[0]?.decision });
    expect(told[1]).not.toHaveProperty("storeMs");
    expect(events.filter(({ type }) => type === "store")).toHaveLength(1);
    // It was settled: nothing else is booked for it.
    expect(await asked(() => reservation.settle(0 as never))).toBe(0);
    expect(await reservation.settle(0 as never)).toEqual(told[0]?.decision);
  },
);

test("one policy that differs is booked", async () => {
  const { limiterOf, asked } = rigOf();
  const limiter = limiterOf("api", [requests, tokens]);
  const reservation = await limiter.reserve("k", { cost: { requests: 1, tokens: 300 } });
  expect(await asked(() => reservation.settle({ tokens: 299 }))).toBe(1);
  expect(known(await limiter.peek("k")).policies.map(({ remaining }) => remaining)).toEqual([9, 701]);
});

test("names that there are not are a mistake all the same", async () => {
  const reservation = await rigOf().limiterOf("api").reserve("k", { cost: 3 });
  await expect(reservation.settle({ houly: 3 })).rejects.toThrow(/actual names the policy "houly"/);
  await expect(reservation.settle(-1)).rejects.toThrow(/actual must be/);
});

test("what comes too late to give anything back asks nobody, what was used beyond does", async () => {
  const { limiterOf, asked, clock } = rigOf();
  const limiter = limiterOf("api");
  const options = { cost: 40, unsettled: "returned", within: "30 s" } as const;
  const [less, none, more] = [
    await limiter.reserve("k", { ...options, cost: 10 }),
    await limiter.reserve("k", { ...options, cost: 10 }),
    await limiter.reserve("k", options),
  ];
  clock.ms += 30_001;
  expect(await asked(() => less.settle(3))).toBe(0);
  expect(await asked(() => none[Symbol.asyncDispose]())).toBe(0);
  expect(await asked(() => more.settle(45))).toBe(1);
  expect(await limiter.peek("k")).toMatchObject({ remaining: 35 });
});

test("a scope that has settled what it reserved gives nothing back", async () => {
  const { limiterOf } = rigOf();
  const limiter = limiterOf("api");
  {
    await using reservation = await limiter.reserve("k", { cost: 40, unsettled: "returned", within: "30 s" });
    await reservation.settle(40);
  }
  expect(await limiter.peek("k")).toMatchObject({ remaining: 60 });
});

test("what a lease served is told as served by it", async () => {
  const { limiterOf, asked, clock } = rigOf({ leases: leases({ maxMs: 1000 }) });
  const limiter = limiterOf("api", [fixedWindow({ limit: 10_000, window: "1 h" })]);
  const sources: string[] = [];
  let trips = 0;
  for (let i = 0; i < 100; i += 1) {
    const reservation = await limiter.reserve("k");
    trips += await asked(async () => sources.push((await reservation.settle(1)).source));
    clock.ms += 1;
  }
  expect(new Set(sources)).toEqual(new Set(["store", "lease"]));
  expect(trips).toBe(0);
});

test("over regions no database is asked", async () => {
  const clock = clockAt();
  const [fra, iad] = [simulatedRedis(clock.now), simulatedRedis(clock.now)];
  const store = regions({ near: "fra", stores: { fra, iad } });
  const limiter = createLimiter({ name: "api", store, policies: [hourly], now: clock.now });
  const reservation = await limiter.reserve("k", { cost: 80 });
  const before = fra.asked + iad.asked;
  expect(await reservation.settle(80)).toMatchObject({ source: "store", remaining: 20 });
  expect(fra.asked + iad.asked).toBe(before);
});

test("what an isolate counted by itself while its store was away stays counted there", async () => {
  const clock = clockAt();
  const redis = simulatedRedis(clock.now);
  const store = interruptible(redis);
  const limiter = createLimiter({ name: "api", store, policies: [hourly], now: clock.now, failureMode: "memory" });
  store.down = true;
  const reservation = await limiter.reserve("k", { cost: 40 });
  expect(await reservation.settle(40)).toMatchObject({ source: "memory", remaining: 60 });
  expect(await limiter.peek("k")).toMatchObject({ source: "memory", remaining: 60 });
  expect(redis.asked).toBe(0);
});

test("anyOf asks nobody either", async () => {
  const { limiterOf, asked } = rigOf();
  const either = anyOf([limiterOf("plan"), limiterOf("credits")]);
  await either.consume("k", { cost: 90 });
  const reservation = await either.reserve("k", { cost: 40 });
  expect(await asked(() => reservation.settle(40))).toBe(0);
  expect(await reservation.settle(40)).toMatchObject({ member: 1, source: "store", remaining: 60 });
});

test("allOf: as reserved at every level asks nobody; else the levels that differ are booked, and no other key is written", async () => {
  const { limiterOf, asked, events, store } = rigOf();
  const [org, user] = [limiterOf("org"), limiterOf("user", [requests, tokens])];
  const all = allOf({ org, user });
  const keys = { org: "o", user: "u" };
  const cost = { org: 10, user: { requests: 1, tokens: 300 } };
  const same = await all.reserve(keys, { cost });
  events.length = 0;
  expect(await asked(() => same.settle({ user: { tokens: 300 } }))).toBe(0);
  expect(await same.settle(cost)).toEqual({ ...same });
  expect(events).toMatchObject([
    { operation: "settle", limiter: "org", decision: same.parts.org, whole: { ...same } },
    { operation: "settle", limiter: "user", decision: same.parts.user },
  ]);

  const less = await all.reserve(keys, { cost });
  await org.consume("o", { cost: 20 });
  const places: string[] = [];
  const run = store.run?.bind(store);
  Object.assign(store, {
    run: (...[script, at, ...rest]: Parameters<NonNullable<typeof run>>) => {
      places.push(...at);
      return run?.(script, at, ...rest);
    },
  });
  const settled = await less.settle({ user: { tokens: 100 } });
  expect(places).toHaveLength(1);
  expect(places[0]).toMatch(/^user:/);
  // Of a level that was used as reserved the numbers are those of then.
  expect(settled).toMatchObject({ source: "store", parts: { org: { remaining: 80 }, user: { remaining: 600 } } });
  expect(await org.peek("o")).toMatchObject({ remaining: 60 });
  expect(known(await user.peek("u")).policies.map(({ remaining }) => remaining)).toEqual([8, 600]);
});

test("work in flight beside others is released as ever, and what is counted asks nobody", async () => {
  const { limiterOf, asked } = rigOf();
  const work = limiterOf("work", [inFlight({ limit: 2, hold: "1 m" })] as unknown as Policy[]);
  const all = allOf({ work, user: limiterOf("user") });
  const reservation = await all.reserve({ work: "w", user: "u" }, { cost: { user: 5 } });
  expect(reservation).toMatchObject({ allowed: true });
  expect(await asked(() => reservation.settle({ user: 5 }))).toBe(0);
  expect(await work.peek("w")).toMatchObject({ remaining: 1 });
  await reservation.release();
  expect(await work.peek("w")).toMatchObject({ remaining: 2 });
});

import { afterAll, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { fixedWindow, type Policy, slidingWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import { type AllOf, allOf } from "../../src/limiter/all-of.ts";
import type { AmountByLevel } from "../../src/limiter/by-level.ts";
import type { AllOfDecision, KnownAllOfDecision } from "../../src/limiter/combine.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../src/limiter/options.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { redisStore } from "../../src/store/redis.ts";
import type { Store } from "../../src/store/store.ts";
import { clockAt } from "../support/clock.ts";
import { known } from "../support/known.ts";
import { connect, uniqueName } from "../support/redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const STORES: Record<string, () => Store> = {
  "in memory": () => memoryStore(),
  "in Redis": () => redisStore(ioredisClient(redis)),
};
const KEYS = { org: "acme", team: "acme/ml", user: "ada" };

/** An organization of 10 requests an hour, a team of 6 and 1000 tokens a day, a user of 3 in a bucket. */
function rigOf(store: Store, options: Partial<LimiterOptions> = {}) {
  const clock = clockAt();
  const run = uniqueName();
  const limiterOf = (name: string, policies: Policy[]) =>
    createLimiter({ name: `${run}-${name}`, store, policies, now: clock.now, snapshots: false, ...options });
  const org = limiterOf("org", [fixedWindow({ name: "hourly", limit: 10, window: "1 h" })]);
  const team = limiterOf("team", [
    slidingWindow({ name: "requests", limit: 6, window: "1 h" }),
    fixedWindow({ name: "tokens", limit: 1000, window: "1 d" }),
  ]);
  const user = limiterOf("user", [tokenBucket({ name: "burst", limit: 3, window: "1 m" })]);
  return { clock, run, org, team, user, all: allOf({ org, team, user }), limiters: { org, team, user } };
}

/** What each limiter alone says is left of each of its policies. */
async function leftOf({ org, team, user }: Record<"org" | "team" | "user", Limiter>, keys = KEYS) {
  const peeks = [await org.peek(keys.org), await team.peek(keys.team), await user.peek(keys.user)];
  return peeks.map((peek) => known(peek).policies.map(({ remaining }) => remaining));
}

function counted<Name extends string>(decision: AllOfDecision<Name>): KnownAllOfDecision<Name> {
  if (decision.source === "fallback") throw decision.error;
  if (!("policies" in decision)) throw new Error(`${decision.policy}: nothing was counted`);
  return decision;
}

describe.each(Object.entries(STORES))("%s", (_name, storeOf) => {
  test("all take their cost or none does, and each counts where it counts alone", async () => {
    const { all, limiters, org, user } = rigOf(storeOf());
    expect(await all.consume(KEYS)).toMatchObject({ allowed: true, source: "store", delayMs: 0, retryAfterMs: 0 });
    expect(await leftOf(limiters)).toEqual([[9], [5, 999], [2]]);
    await user.consume("ada", { cost: 2 });
    const denied = counted(await all.consume(KEYS));
    expect(denied).toMatchObject({
      allowed: false,
      level: "user",
      policy: "burst",
      retryAfterMs: 20_000,
      remaining: 0,
    });
    expect(await leftOf(limiters)).toEqual([[9], [5, 999], [0]]);
    await org.consume("acme", { cost: 9 });
    expect(await all.consume({ ...KEYS, user: "bob" })).toMatchObject({ allowed: false, level: "org" });
    expect(await leftOf(limiters, { ...KEYS, user: "bob" })).toEqual([[0], [5, 999], [3]]);
  });

  test("the decision tells the level and the policy that bind, every policy's numbers, and each limiter's own decision", async () => {
    const { all, run, clock } = rigOf(storeOf());
    clock.ms += 1000;
    const first = counted(await all.consume(KEYS));
    expect(first).toMatchObject({ level: "user", limiter: `${run}-user`, policy: "burst", limit: 3, remaining: 2 });
    expect(first.policies.map(({ level, policy, remaining }) => [level, policy, remaining])).toEqual([
      ["org", "hourly", 9],
      ["team", "requests", 5],
      ["team", "tokens", 999],
      ["user", "burst", 2],
    ]);
    expect(first.resetAfterMs).toBe(86_400_000 - 1000);
    expect(first.parts.team).toMatchObject({ allowed: true, policy: "requests", remaining: 5, source: "store" });
    expect(Object.keys(first.parts)).toEqual(["org", "team", "user"]);

    // What would deny first is what has the fewest calls left, not the fewest units.
    const costly = counted(await all.consume(KEYS, { cost: { org: 1, team: { requests: 1, tokens: 500 } } }));
    expect(costly).toMatchObject({ allowed: true, level: "team", policy: "tokens", remaining: 499 });
    expect(costly.parts.user).toMatchObject({ allowed: true, remaining: 2 });

    const denied = counted(await all.consume(KEYS, { cost: { org: 9, team: { tokens: 500 }, user: 1 } }));
    expect(denied).toMatchObject({ allowed: false, level: "team", policy: "tokens", retryAfterMs: 86_399_000 });
    expect(denied.parts).toMatchObject({
      org: { allowed: false, remaining: 8, retryAfterMs: 3_599_000 },
      team: { allowed: false, policy: "tokens" },
      user: { allowed: true, remaining: 2, retryAfterMs: 0, delayMs: 0 },
    });
    expect(denied.policies.map(({ retryAfterMs }) => retryAfterMs)).toEqual([3_599_000, 0, 86_399_000, 0]);
  });

  test("costs and limits: a number for all, by level, or by level and policy; what a cost leaves out pays nothing", async () => {
    const { all, limiters } = rigOf(storeOf());
    await all.consume(KEYS, { cost: 2 });
    expect(await leftOf(limiters)).toEqual([[8], [4, 998], [1]]);
    await all.consume(KEYS, { cost: { team: { tokens: 100 } } });
    expect(await leftOf(limiters)).toEqual([[8], [4, 898], [1]]);
    await all.consume(KEYS, { cost: { org: 3, team: 1 } });
    expect(await leftOf(limiters)).toEqual([[5], [3, 897], [1]]);
    const limits = { org: 20, team: { requests: 12 } };
    expect(counted(await all.peek(KEYS, { limit: limits })).policies.map(({ limit }) => limit)).toEqual([
      20, 12, 1000, 3,
    ]);
    expect(counted(await all.peek(KEYS, { limit: 7 })).policies.map(({ limit }) => limit)).toEqual([7, 7, 7, 7]);
    // What a call's own limit decides is counted nowhere.
    const free = counted(await all.consume(KEYS, { limit: { user: Infinity } }));
    expect(free).toMatchObject({ allowed: true, source: "store", parts: { user: { source: "snapshot" } } });
    expect(await leftOf(limiters)).toEqual([[4], [2, 896], [1]]);
    const blocked = await all.consume(KEYS, { limit: { org: 0, team: 5 } });
    expect(blocked).toMatchObject({ allowed: false, level: "org", source: "snapshot" });
    expect(Object.keys(blocked.parts)).toEqual(["org"]);
    expect(JSON.stringify(blocked)).not.toContain("null");
    expect(await all.consume(KEYS, { limit: Infinity })).toMatchObject({ allowed: true, source: "snapshot" });
    expect(await leftOf(limiters)).toEqual([[4], [2, 896], [1]]);
  });

  test("peek takes nothing, charge books past the limits, refund gives back, reset makes all whole", async () => {
    const { all, limiters } = rigOf(storeOf());
    expect(await all.peek(KEYS, { cost: 3 })).toMatchObject({ allowed: true, level: "user", delayMs: 0 });
    expect(await all.peek(KEYS, { cost: 4 })).toMatchObject({ allowed: false, level: "user", retryAfterMs: Infinity });
    expect(await leftOf(limiters)).toEqual([[10], [6, 1000], [3]]);
    expect(await all.charge(KEYS, { user: 5, team: { tokens: 1200 } })).toMatchObject({ allowed: true });
    expect(await leftOf(limiters)).toEqual([[10], [6, 0], [0]]);
    const denied = await all.consume(KEYS);
    expect(denied).toMatchObject({ allowed: false, level: "team", parts: { org: { allowed: true } } });
    expect(await all.refund(KEYS, 7, { since: denied })).toMatchObject({ allowed: true });
    expect(await leftOf(limiters)).toEqual([[10], [6, 0], [0]]);
    await all.refund(KEYS, { team: { tokens: 300 }, user: 4 });
    expect(await leftOf(limiters)).toEqual([[10], [6, 100], [2]]);
    await all.reset(KEYS);
    expect(await leftOf(limiters)).toEqual([[10], [6, 1000], [3]]);
  });

  test("a bucket among them lends, and the wait told is the longest", async () => {
    const { all, limiters, clock } = rigOf(storeOf());
    expect(await all.consume(KEYS, { cost: 3 })).toMatchObject({ allowed: true, delayMs: 0 });
    expect(await all.consume(KEYS, { maxDelayMs: 19_999 })).toMatchObject({ allowed: false, retryAfterMs: 20_000 });
    expect(await all.consume(KEYS, { maxDelayMs: 20_000 })).toMatchObject({ allowed: true, delayMs: 20_000 });
    // The bucket could lend once more, and takes nothing, since the organization denies.
    await limiters.org.charge("acme", 10);
    const denied = counted(await all.consume(KEYS, { maxDelayMs: 60_000 }));
    expect(denied).toMatchObject({ allowed: false, level: "org", delayMs: 0 });
    expect(denied.parts.user).toMatchObject({ allowed: true, delayMs: 0, retryAfterMs: 0 });
    clock.ms += 20_000;
    expect(await leftOf(limiters)).toEqual([[0], [2, 996], [0]]);
    clock.ms += 20_000;
    expect(await leftOf(limiters)).toEqual([[0], [2, 996], [1]]);
  });

  test("long keys, and a single limiter", async () => {
    const { user } = rigOf(storeOf());
    const one = allOf({ user });
    const long = "x".repeat(300);
    expect(await one.consume({ user: long })).toMatchObject({ allowed: true, level: "user", remaining: 2 });
    expect(await user.peek(long)).toMatchObject({ remaining: 2 });
    await one.reset({ user: long });
    expect(await user.peek(long)).toMatchObject({ remaining: 3 });
  });
});

describe("waiting", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: clockAt().ms });
    return () => vi.useRealTimers();
  });

  /** A bucket of one a second, and a quota of 10 a minute. */
  function waiters() {
    const store = memoryStore();
    const bucket = createLimiter({ name: "bucket", store, policies: [tokenBucket({ limit: 1, window: "1 s" })] });
    const quota = createLimiter({ name: "quota", store, policies: [fixedWindow({ limit: 10, window: "1 m" })] });
    return { bucket, quota, both: allOf({ bucket, quota }), keys: { bucket: "b", quota: "q" } };
  }

  test("resolves once the bucket's debt is paid, having taken from all", async () => {
    const { quota, both, keys } = waiters();
    await both.consume(keys);
    const waiting = both.wait(keys, { timeoutMs: 5000 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(await waiting).toMatchObject({ allowed: true, delayMs: 0, level: "bucket" });
    expect(await quota.peek("q")).toMatchObject({ remaining: 8 });
  });

  test("who leaves gives back what all of them took", async () => {
    const { bucket, quota, both, keys } = waiters();
    await both.consume(keys);
    const controller = new AbortController();
    const waiting = both.wait(keys, { timeoutMs: 5000, signal: controller.signal });
    const left = expect(waiting).rejects.toThrow("left");
    await vi.advanceTimersByTimeAsync(400);
    controller.abort(new Error("left"));
    await left;
    await vi.advanceTimersByTimeAsync(600);
    expect(await quota.peek("q")).toMatchObject({ remaining: 9 });
    expect(await bucket.peek("b")).toMatchObject({ remaining: 1 });
  });
});

test("a denial by any level leaves every level's bytes and end as they were", async () => {
  const { all, run, limiters } = rigOf(redisStore(ioredisClient(redis)));
  await all.consume(KEYS);
  const places = (await redis.keys(`${run}-*`)).sort();
  expect(places).toHaveLength(3);
  const stored = () =>
    Promise.all(places.map(async (place) => [await redis.getBuffer(place), await redis.pexpiretime(place)]));
  for (const [level, limiter] of Object.entries(limiters)) {
    const key = KEYS[level as keyof typeof KEYS];
    await limiter.charge(key, 1000);
    const before = await stored();
    const denied = await all.consume(KEYS);
    expect(denied).toMatchObject({ allowed: false, level });
    for (const other of Object.keys(KEYS).filter((name) => name !== level)) {
      expect(denied.parts[other as keyof typeof KEYS]).toMatchObject({ allowed: true });
    }
    expect(await stored()).toEqual(before);
    await limiter.refund(key, 1000);
  }
});

test("500 calls at once over random triples admit exactly what one after the other admits", async () => {
  const clients = [redis, await connect(inject("redisUrl")), await connect(inject("redisUrl"))];
  const run = uniqueName();
  const clock = clockAt();
  const keys = { org: ["o1", "o2"], team: ["t1", "t2", "t3"], user: ["u1", "u2", "u3", "u4", "u5"] };
  const limits = { org: 90, team: 70, user: 45 };
  const pick = (list: readonly string[]) => list[Math.floor(Math.random() * list.length)] as string;
  const calls = Array.from({ length: 500 }, () => ({
    keys: { org: pick(keys.org), team: pick(keys.team), user: pick(keys.user) },
    cost: { org: 1, team: 1 + Math.floor(Math.random() * 2), user: 1 },
  }));
  const limiterOf = (store: Store, name: keyof typeof limits, options = {}) => {
    const policies = [fixedWindow({ limit: limits[name], window: "1 h" })];
    return createLimiter({ name: `${run}-${name}`, store, policies, now: clock.now, timeoutMs: 30_000, ...options });
  };
  const combinedOn = (store: Store) =>
    allOf({ org: limiterOf(store, "org"), team: limiterOf(store, "team"), user: limiterOf(store, "user") });
  const combined = clients.map((client) => combinedOn(redisStore(ioredisClient(client))));
  const decisions = await Promise.all(calls.map(({ keys, cost }, i) => combined[i % 3]?.consume(keys, { cost })));
  for (const client of clients.slice(1)) client.disconnect();
  const isAllowed = (i: number) => decisions[i]?.allowed === true;
  expect(decisions.every((decision) => decision?.source !== "fallback")).toBe(true);
  // Time stands still, so use only grows: what was denied at any time is denied after all that was admitted.
  const sequential = combinedOn(memoryStore());
  const order = [...calls.keys()].sort((a, b) => Number(isAllowed(b)) - Number(isAllowed(a)));
  for (const i of order) {
    const { keys, cost } = calls[i] as (typeof calls)[number];
    expect((await sequential.consume(keys, { cost })).allowed, `call ${i}`).toBe(isAllowed(i));
  }
  expect(decisions.filter((decision) => decision?.allowed).length).toBeGreaterThan(50);
  for (const [level, list] of Object.entries(keys) as [keyof typeof keys, string[]][]) {
    const limiter = limiterOf(redisStore(ioredisClient(redis)), level, { snapshots: false });
    for (const key of list) {
      const taken = calls.reduce(
        (sum, { keys, cost }, i) => sum + (isAllowed(i) && keys[level] === key ? cost[level] : 0),
        0,
      );
      expect(await limiter.peek(key)).toMatchObject({ remaining: limits[level] - taken });
    }
  }
});

test("a clock that runs ahead moves each key's own time, and what it took counts for its life alone", async () => {
  const { all, limiters, clock, run } = rigOf(redisStore(ioredisClient(redis)));
  const hour = 3_600_000;
  clock.ms += 5 * hour;
  await limiters.user.consume("ada", { cost: 3 });
  clock.ms -= 5 * hour;
  const denied = counted(await all.consume(KEYS));
  expect(denied).toMatchObject({
    allowed: false,
    level: "user",
    parts: { org: { allowed: true }, team: { allowed: true } },
  });
  // The key's life is over, only its grace is left: nothing in it counts any more.
  const [place] = await redis.keys(`${run}-user*`);
  await redis.pexpire(place as string, 900);
  expect(await all.consume(KEYS)).toMatchObject({ allowed: true });
  expect(await leftOf(limiters)).toEqual([[9], [5, 999], [2]]);
});

test("by the clock of Redis", async () => {
  const store = redisStore(ioredisClient(redis), { clock: "redis" });
  const { all, limiters } = rigOf(store);
  for (let i = 0; i < 3; i += 1) expect((await all.consume(KEYS)).allowed).toBe(true);
  const denied = await all.consume(KEYS);
  expect(denied).toMatchObject({ allowed: false, level: "user", source: "store" });
  expect(denied.retryAfterMs).toBeGreaterThan(0);
  expect(denied.retryAfterMs).toBeLessThanOrEqual(20_000);
  expect((await leftOf(limiters)).slice(0, 2)).toEqual([[7], [3, 997]]);
});

test("a value of another type is overwritten, as MGET does not tell it from none", async () => {
  const { all, run, limiters } = rigOf(redisStore(ioredisClient(redis)));
  await all.consume(KEYS);
  const [place] = await redis.keys(`${run}-user*`);
  await redis.del(place as string);
  await redis.lpush(place as string, "foreign");
  expect(await limiters.user.consume("ada")).toMatchObject({ source: "fallback", error: { code: "WRONGTYPE" } });
  expect(await all.consume(KEYS)).toMatchObject({ allowed: true, source: "store", parts: { user: { remaining: 2 } } });
  expect(await redis.type(place as string)).toBe("string");
});

describe("what each limiter remembers", () => {
  test("a denial by one, seen alone or together, denies all without asking", async () => {
    const { all, user, org } = rigOf(redisStore(ioredisClient(redis)), { snapshots: true });
    await user.consume("ada", { cost: 3 });
    const denied = await all.consume(KEYS);
    expect(denied).toMatchObject({ allowed: false, source: "snapshot", level: "user" });
    expect(Object.keys(denied.parts)).toEqual(["user"]);
    expect(counted(denied).policies.map(({ level }) => level)).toEqual(["user"]);
    expect(await all.peek({ ...KEYS, user: "bob" })).toMatchObject({ allowed: true, source: "store" });
    await all.consume({ ...KEYS, user: "bob" }, { cost: { org: 10 } });
    expect(await org.consume("acme")).toMatchObject({ allowed: false, source: "snapshot" });
  });

  test("what is given back together is known alone, and the other way round", async () => {
    const { all, user } = rigOf(redisStore(ioredisClient(redis)), { snapshots: true });
    await all.consume(KEYS, { cost: 3 });
    expect(await user.consume("ada")).toMatchObject({ allowed: false, source: "snapshot" });
    await all.refund(KEYS, 1);
    expect(await user.consume("ada")).toMatchObject({ allowed: true, source: "store" });
    expect(await all.consume(KEYS)).toMatchObject({ allowed: false, source: "snapshot" });
    await user.refund("ada", 1);
    expect(await all.consume(KEYS)).toMatchObject({ allowed: true, source: "store" });
    await all.reset(KEYS);
    expect(await user.consume("ada", { cost: 3 })).toMatchObject({ allowed: true });
  });
});

test("wrong names of levels do not compile", async () => {
  const { all, org, user } = rigOf(memoryStore());
  const calls = [
    // @ts-expect-error: no key for the user
    () => all.consume({ org: "a", team: "b" }),
    // @ts-expect-error: no such level
    () => all.consume({ ...KEYS, app: "x" }),
    // @ts-expect-error: no such level
    () => all.consume(KEYS, { cost: { app: 1 } }),
    // @ts-expect-error: no such level
    () => all.charge(KEYS, { app: 1 }),
    // @ts-expect-error: no such level
    () => all.peek(KEYS, { limit: { app: 1 } }),
    // @ts-expect-error: a key for all is none
    () => all.consume("acme"),
  ];
  for (const call of calls) await expect(call()).rejects.toThrow(TypeError);
  // @ts-expect-error: no limiter
  expect(() => allOf({ org, user: allOf({ user }) })).toThrow(TypeError);
  const decision: AllOfDecision<"org" | "team" | "user"> = await all.consume(KEYS);
  const level: "org" | "team" | "user" = decision.level;
  // @ts-expect-error: no such level
  const none: unknown = decision.parts.app;
  const amount: AmountByLevel<"org"> = { org: { hourly: 1 } };
  const one: AllOf<"org"> = allOf({ org });
  expect([level, none, (await one.consume({ org: "acme" }, { cost: amount })).allowed]).toEqual([
    "user",
    undefined,
    true,
  ]);
});

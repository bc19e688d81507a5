import { afterAll, expect, test } from "vitest";
import { fixedWindow } from "../../../src/algorithm/policy.ts";
import type { LimiterEvent } from "../../../src/core/event.ts";
import { allOf } from "../../../src/limiter/all-of.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import { analytics } from "../../../src/observe/analytics/analytics.ts";
import type { CallCount } from "../../../src/observe/analytics/figures.ts";
import { openRules } from "../../../src/rules/open-rules.ts";
import { rules } from "../../../src/rules/rules.ts";
import { redisStore } from "../../../src/store/redis.ts";
import type { RedisClient } from "../../../src/store/redis-client.ts";
import { clockAt } from "../../support/clock.ts";
import { randomFrom } from "../../support/random.ts";
import { lastingClientOf, uniqueName } from "../../support/redis.ts";
import { client, readOne, redis } from "./rig.ts";

afterAll(() => redis.disconnect());

const LIMITS = { org: 60, team: 30, user: 8 } as const;
const LEVELS = Object.keys(LIMITS) as (keyof typeof LIMITS)[];

/** Calls as `"outcome source": count`, without those that came to nothing. */
function sumsOf(calls: readonly CallCount[], beside: readonly CallCount[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const [list, sign] of [
    [calls, 1],
    [beside, -1],
  ] as const) {
    for (const { outcome, source, count } of list) {
      const name = `${outcome} ${source}`;
      sums.set(name, (sums.get(name) ?? 0) + sign * count);
    }
  }
  return Object.fromEntries([...sums].filter(([, count]) => count !== 0).sort());
}

test.each([
  ["one observer for all", true],
  ["an observer for each", false],
])("calls of allOf are each counted once over all limiters, beside calls of one alone (%s)", async (_name, isOne) => {
  const clock = clockAt();
  const namespace = uniqueName();
  const lasting = lastingClientOf(redis);
  const line = { cut: false, trips: 0 };
  const cut = () => Promise.reject(new TypeError("fetch failed"));
  const cuttable: RedisClient = {
    evalsha: (...args) => (line.cut ? cut() : lasting.evalsha(...args)),
    eval: (...args) => (line.cut ? cut() : lasting.eval(...args)),
    del: (key) => lasting.del(key),
  };
  const inner = redisStore(cuttable, { namespace });
  const store: typeof inner = {
    ...inner,
    step(...args) {
      line.trips += 1;
      return inner.step(...args);
    },
    run(...args) {
      line.trips += 1;
      return inner.run(...args);
    },
  };
  const book = openRules({ redis: client, namespace, now: clock.now });
  await book.add({ what: "block", limiter: "team", key: "banned" });
  await book.add({ what: "allow", limiter: "org", key: "acme" });
  const operators = rules({ redis: client, namespace });
  const observers = LEVELS.map(() => analytics({ redis: client, namespace, now: clock.now }));
  const own = new Map<string, number>();
  const count = ({ decision: { allowed, source } }: Extract<LimiterEvent, { type: "decision" }>) => {
    const name = `${allowed ? "allowed" : "denied"} ${source}`;
    own.set(name, (own.get(name) ?? 0) + 1);
  };
  const alone = (event: LimiterEvent) => void (event.type === "decision" && !event.whole && count(event));
  const limiters = LEVELS.map((name, i) => {
    const onEvent = [observers[isOne ? 0 : i] as (typeof observers)[0], alone];
    const policies = [fixedWindow({ name: "quota", limit: LIMITS[name], window: "1 h" })];
    const shared = { store, now: clock.now, breaker: false, rules: operators } as const;
    return createLimiter({ ...shared, name, policies, onEvent });
  });
  const [org, team, user] = limiters as [(typeof limiters)[0], (typeof limiters)[0], (typeof limiters)[0]];
  const onEvent = (event: LimiterEvent) => void (event.type === "decision" && count(event));
  const all = allOf({ org, team, user }, { onEvent });

  const random = randomFrom(7);
  for (let call = 0; call < 2500; call += 1) {
    clock.ms += random.below(8000);
    line.cut = call >= 1000 && call < 1040;
    const key = {
      org: random.pick(["acme", "globex", "initech"]),
      team: random.below(30) === 0 ? "banned" : `team:${random.below(6)}`,
      user: `user:${random.below(25)}`,
    };
    if (random.below(4) === 0) await user.consume(key.user);
    else await all.consume(key);
  }
  for (const observer of observers) await observer.flush();
  const found = await Promise.all(LEVELS.map((name) => readOne(name, namespace, clock)));
  const sums = sumsOf(
    found.flatMap(({ calls }) => calls),
    found.flatMap(({ beside }) => beside),
  );
  expect(sums).toEqual(Object.fromEntries([...own].sort()));
  expect(Object.keys(sums).sort()).toEqual(
    ["allowed fallback", "allowed store", "denied rule", "denied snapshot", "denied store"].sort(),
  );
  expect(Object.values(sums).reduce((sum, each) => sum + each, 0)).toBe(2500);
  // Whoever asked, each trip was told of once, with its time.
  const { trips } = line;
  const checks = found.flatMap(({ requests }) => requests.filter(({ purpose }) => purpose === "check"));
  expect(checks.reduce((sum, { count }) => sum + count, 0)).toBe(trips);
  const times = found.flatMap(({ latency, requests }) => [
    ...latency,
    // What is not a check has its time in the histogram, too.
    ...requests
      .filter(({ purpose }) => purpose !== "check" && purpose !== "analytics")
      .map(({ count }) => ({ count: -count })),
  ]);
  expect(times.reduce((sum, { count }) => sum + count, 0)).toBe(trips);
  // The limiters together saw far more, and each of them said so.
  expect(found.map(({ calls }) => calls.reduce((sum, each) => sum + each.count, 0))).toEqual([
    expect.any(Number),
    expect.any(Number),
    2500,
  ]);
  for (const { hours, beside } of found) {
    expect(
      sumsOf(
        hours.flatMap((hour) => hour.beside),
        [],
      ),
    ).toEqual(sumsOf(beside, []));
  }
});

import { afterAll, afterEach, expect, test } from "vitest";
import { fixedWindow, type Policy } from "../../../src/algorithm/policy.ts";
import type { Decision } from "../../../src/core/decision.ts";
import { createLimiter, type Limiter } from "../../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../../src/limiter/options.ts";
import type { Shares } from "../../../src/limiter/regions/plan.ts";
import { regions } from "../../../src/limiter/regions/regions.ts";
import { openRules } from "../../../src/rules/open-rules.ts";
import { rules } from "../../../src/rules/rules.ts";
import { redisStore } from "../../../src/store/redis.ts";
import { billed } from "../../support/billed.ts";
import { clockAt } from "../../support/clock.ts";
import { type FarRedis, startFarRedis } from "../../support/far-redis.ts";
import { uniqueName } from "../../support/redis.ts";

type Name = "fra" | "iad" | "syd";

const [fra, iad, syd] = await Promise.all([startFarRedis(2), startFarRedis(80), startFarRedis(150)]);
const servers: Record<Name, FarRedis> = { fra, iad, syd };
const all = Object.values(servers);
afterAll(() => Promise.all(all.map((server) => server.stop())));
afterEach(() => Promise.all(all.map(({ inside }) => inside.flushall().catch(() => {}))));

/** By a real clock, so that windows have to be long: an hour would now and then end between two calls. */
const quota = (limit: number): Policy => fixedWindow({ name: "quota", limit, window: "100 d" });

/** A limiter of an isolate of its own; its keys stay until the test is over. */
function isolate(
  {
    near = "fra",
    shares,
    limit = 30,
  }: { near?: Name; shares?: Shares<Name> | ((key: string) => Shares<Name>); limit?: number } = {},
  options: Partial<LimiterOptions> = {},
): Limiter {
  const stores = { fra: redisStore(fra.client), iad: redisStore(iad.client), syd: redisStore(syd.client) };
  return createLimiter({ name: "far", store: regions({ near, stores, shares }), policies: [quota(limit)], ...options });
}

/** Trips of each region meanwhile. */
async function trips(task: () => Promise<unknown>): Promise<number[]> {
  const before = all.map((server) => server.trips);
  await task();
  return all.map((server, i) => server.trips - (before[i] as number));
}

async function admitted(limiters: readonly Limiter[], calls: number, key: string): Promise<number> {
  const tasks = Array.from({ length: calls }, (_, i) => (limiters[i % limiters.length] as Limiter).consume(key));
  return (await Promise.all(tasks)).filter(({ allowed }) => allowed).length;
}

test("with a home each call is one trip to it, and what is far away is never asked", async () => {
  const limiter = isolate({ shares: () => ({ fra: 1 }), limit: 100 });
  await limiter.consume("warm");
  const made = await trips(async () => {
    for (let i = 0; i < 80; i += 1)
      expect(await limiter.consume("ada")).toMatchObject({ allowed: true, source: "store" });
  });
  expect(made).toEqual([80, 0, 0]);
  expect(await billed(fra.inside, () => limiter.consume("ada"))).toEqual({ evalsha: 1, get: 1, set: 1 });
});

test("with even shares a caller in one place is at home for its share, and a denial tours all once", async () => {
  const limiter = isolate({ limit: 30 });
  for (const server of all) server.proxy.delayMs = 0;
  // So that each server knows the script by then.
  await limiter.consume("warm", { cost: 30 });
  const made: number[][] = [];
  for (let i = 0; i < 33; i += 1) made.push(await trips(() => limiter.consume("ada")));
  // The last call of each share leaves nothing, which this isolate knows.
  expect(made.slice(0, 10)).toEqual(Array(10).fill([1, 0, 0]));
  expect(made.slice(11, 20)).toEqual(Array(9).fill([0, 1, 0]));
  expect(made.slice(21, 30)).toEqual(Array(9).fill([0, 0, 1]));
  expect(made.slice(30)).toEqual(Array(3).fill([0, 0, 0]));
  const stranger = isolate({ limit: 30 });
  await stranger.consume("cold", { cost: 30 });
  expect(await trips(() => stranger.consume("ada"))).toEqual([1, 1, 1]);
  expect(await trips(() => stranger.consume("ada"))).toEqual([0, 0, 0]);
});

test("parallel calls from everywhere are admitted exactly as often as the limit says", async () => {
  const limiters = (["fra", "iad", "syd"] as const).map((near) => isolate({ near, limit: 50 }, { timeoutMs: 5000 }));
  expect(await admitted(limiters, 300, "hot")).toBe(50);
  // Costs that no region has alone, all at once: what is taken in vain goes back, so another call gets it.
  const wholes = await Promise.all(
    Array.from({ length: 6 }, (_, i) => (limiters[i % 3] as Limiter).consume("dear", { cost: 20 })),
  );
  const taken = wholes.filter(({ allowed }) => allowed).length;
  expect(taken).toBeLessThanOrEqual(2);
  let left = 0;
  while ((await (limiters[0] as Limiter).consume("dear")).allowed) left += 1;
  expect(taken * 20 + left).toBe(50);
});

test("a server that is killed costs its share alone, and comes back", async () => {
  const limiter = isolate({ limit: 30 }, { timeoutMs: 1500, failureMode: "closed" });
  await limiter.consume("ada");
  await fra.server.kill();
  const decisions: Decision[] = [];
  for (let i = 0; i < 25; i += 1) decisions.push(await limiter.consume("ada"));
  expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(20);
  expect(decisions.at(-1)).toMatchObject({ allowed: false, remaining: 0 });
  // The home of these keys is away, and nothing else is asked for them.
  expect(await trips(() => isolate({ shares: () => ({ iad: 1 }) }, { name: "homes" }).consume("bob"))).toEqual([
    0,
    expect.any(Number),
    0,
  ]);
  await fra.server.restart();
  await expect.poll(() => fra.inside.ping().catch(() => "away")).toBe("PONG");
  await expect.poll(async () => (await limiter.consume(uniqueName())).source).toBe("store");
  const givers = async () => {
    const decision = await limiter.consume(uniqueName());
    return "regions" in decision ? Object.keys(decision.regions ?? {}) : [];
  };
  await expect.poll(givers).toEqual(["fra"]);
});

test("an operator's limit is split, and a block needs no region", async () => {
  const clock = clockAt(Date.now());
  const namespace = uniqueName();
  const operator = openRules({ redis: fra.client, namespace, now: clock.now });
  const limiter = isolate(
    { limit: 30 },
    { rules: rules({ redis: fra.client, namespace, refreshMs: 1000 }), now: clock.now },
  );
  await operator.add({ what: "limit", key: "small", limits: { quota: 4 } });
  await operator.add({ what: "block", key: "bad" });
  clock.ms += 2000;
  expect(await admitted([limiter], 12, "small")).toBe(4);
  expect(await admitted([limiter], 12, "other")).toBe(12);
  const made = await trips(async () =>
    expect(await limiter.consume("bad")).toMatchObject({ allowed: false, source: "rule" }),
  );
  expect(made).toEqual([0, 0, 0]);
});

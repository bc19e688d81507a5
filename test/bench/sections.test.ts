import { afterAll, beforeAll, expect, test } from "vitest";
import { measure, prepare } from "../../bench/end-to-end/load.ts";
import { inFlight } from "../../bench/in-flight/section.ts";
import { QUICK } from "../../bench/lib/pace.ts";
import { figure, quantile } from "../../bench/lib/statistics.ts";
import { dollars } from "../../bench/money/price.ts";
import { money } from "../../bench/money/section.ts";
import { redisSide } from "../../bench/redis-side/section.ts";
import { type PrivateRedis, startPrivateRedis } from "../../src/server/redis/private-redis.ts";

// A Redis of its own: the bench empties it and resets its counts.
let redis: PrivateRedis;
beforeAll(async () => {
  redis = await startPrivateRedis();
});
afterAll(() => redis.stop());

const silent = () => {};

test("inside Redis, a check of Sluice bills three commands allowed and two denied, with one policy or three", async () => {
  const rows = await redisSide({ redisUrl: redis.url }, QUICK, silent);
  const own = rows.filter(({ name, algorithm }) => name === "sluice" && algorithm !== "sliding log");
  expect(own.map(({ path, billedCommands }) => `${path} ${billedCommands}`)).toEqual([
    ...Array(6).fill("allowed 3"),
    ...Array(6).fill("denied 2"),
  ]);
  for (const { microsPerEvalsha } of rows) expect(microsPerEvalsha.median).toBeGreaterThan(0);
});

test("inside Redis, work in flight bills three commands for a hold, three for a release, two for a denial, however much there is", async () => {
  const rows = await inFlight({ redisUrl: redis.url }, QUICK, silent);
  const own = rows.filter(({ name }) => name === "sluice");
  expect(
    own.map(({ holds, ...costs }) => [holds, costs.hold.billed, costs.release.billed, costs.denied.billed]),
  ).toEqual([
    [10, 3, 3, 2],
    [100, 3, 3, 2],
    [1000, 3, 3, 2],
  ]);
  for (const { hold, bytesPerHold } of rows) {
    expect(hold.micros.median).toBeGreaterThan(0);
    expect(bytesPerHold).toBeGreaterThan(20);
  }
});

test("an attack costs what it gets admitted", async () => {
  const rows = await money({ redisUrl: redis.url }, QUICK, silent);
  const attacks = rows.filter(({ library, mix, cache }) => library === "sluice" && mix.startsWith("attack") && cache);
  expect(attacks.map(({ algorithm }) => algorithm)).toContain("sliding window");
  for (const { algorithm, checks, denied, billedPerMillion } of attacks.filter(
    (row) => row.algorithm !== "sliding log",
  )) {
    const admitted = checks - denied;
    expect(billedPerMillion / 1e6, algorithm).toBeLessThan((admitted * 3 + denied * 0.05) / checks);
  }
  expect(dollars(3_000_000)).toBeCloseTo(6);
});

test("a load counts its checks, and fails if one is not what the path says", async () => {
  const load = { path: "allowed", keys: 3, inFlight: 2, durationMs: 5 } as const;
  const seen = new Set<string>();
  const check = async (key: string) => seen.add(key).size > 0;
  await prepare(check, load);
  expect((await measure(check, load)).perSecond).toBeGreaterThan(0);
  expect(seen.size).toBe(3);
  await expect(measure(async () => false, load)).rejects.toThrow("not allowed");
});

test("a figure is the middle round, and a quantile one of the values", () => {
  expect(figure([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3, rounds: 3 });
  expect(figure([4, 1, 2, 3]).median).toBe(2.5);
  expect(quantile([5, 1, 4, 2, 3], 0.99)).toBe(5);
  expect(quantile([], 0.5)).toBeNaN();
});

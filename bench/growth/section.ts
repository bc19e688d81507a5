import type { Redis } from "ioredis";
import { createLimiter, fixedWindow, type Policy, redisStore, slidingLog, slidingWindow, tokenBucket } from "sluice";
import { ioredisClient } from "sluice/ioredis";
import { bytesOf, readStats, resetStats } from "../lib/command-stats.ts";
import { connected } from "../lib/connected.ts";
import type { Pace } from "../lib/pace.ts";
import type { Say } from "../lib/progress.ts";
import { type Figure, figure, median } from "../lib/statistics.ts";

/** The price of a check as one thing grows. */
export interface GrowthRow {
  readonly grows: "keys" | "limit" | "policies";
  readonly size: number;
  readonly algorithm: string;
  /** µs of server time per check. */
  readonly microsPerEvalsha: Figure;
  readonly billedCommands: number;
  /** For keys: Redis's used memory by the number of keys; else the bytes of one identifier's state. */
  readonly bytesPerKey: number;
  /** Ms from call to answer over TCP, one at a time. */
  readonly p50Ms: number;
}

const CALLS = 1000;
const WINDOW_MS = 86_400_000;

export async function growth({ redisUrl }: { redisUrl: string }, pace: Pace, say: Say): Promise<GrowthRow[]> {
  const redis = await connected(redisUrl);
  const rows: GrowthRow[] = [];
  try {
    for (let keys = 100; keys <= pace.mostKeys; keys *= 10) {
      say(`growth: ${keys} keys`);
      rows.push(await ofKeys(redis, keys, pace.rounds));
    }
    for (let limit = 10; limit <= 1_000_000; limit *= 10) {
      say(`growth: a limit of ${limit}`);
      const policies: [string, Policy][] = [
        ["token bucket", tokenBucket({ limit, window: WINDOW_MS })],
        ["sliding window", slidingWindow({ limit, window: WINDOW_MS })],
        ["fixed window", fixedWindow({ limit, window: WINDOW_MS })],
      ];
      if (limit <= pace.mostLogEntries) policies.push(["sliding log", slidingLog({ limit, window: WINDOW_MS })]);
      for (const [algorithm, policy] of policies) rows.push(await ofLimit(redis, algorithm, policy, pace.rounds));
    }
    for (let count = 1; count <= 8; count += 1) {
      say(`growth: ${count} policies`);
      rows.push(await ofPolicies(redis, count, pace.rounds));
    }
  } finally {
    await redis.flushdb();
    redis.disconnect();
  }
  return rows;
}

/** A check of random keys among many. The others hold copies of one real state, written inside Redis to save time. */
async function ofKeys(redis: Redis, keys: number, rounds: number): Promise<GrowthRow> {
  await redis.flushdb();
  const empty = await usedMemory(redis);
  const check = limiterOf(redis, [slidingWindow({ limit: 1_000_000, window: WINDOW_MS })]);
  await check(keyOf(0));
  const [name = ""] = await redis.keys("*");
  const fill = `local value = redis.call('GET', KEYS[1])
    for i = ARGV[2], ARGV[3] do redis.call('SET', ARGV[1] .. string.format('%09d', i), value, 'PX', ${WINDOW_MS}) end`;
  const stem = name.slice(0, -9);
  for (let from = 1; from < keys; from += 100_000) {
    await redis.eval(fill, 1, name, stem, from, Math.min(keys, from + 100_000) - 1);
  }
  const bytesPerKey = ((await usedMemory(redis)) - empty) / keys;
  const costs = await measured(redis, rounds, () => check(keyOf(Math.floor(Math.random() * keys))));
  return { grows: "keys", size: keys, algorithm: "sliding window", bytesPerKey, ...costs };
}

/** A check of one key whose quota is all but used. */
async function ofLimit(redis: Redis, algorithm: string, policy: Policy, rounds: number): Promise<GrowthRow> {
  await redis.flushdb();
  const check = limiterOf(redis, [policy]);
  const key = keyOf(1);
  if (algorithm === "sliding log") {
    // An entry for each call: calls within one millisecond share one, so each is given its own.
    for (let i = 0; i < policy.limit; i += 1) await check(key, 1, i);
  } else await check(key, policy.limit);
  const bytesPerKey = await bytesOf(redis, key);
  const costs = await measured(redis, rounds, () => check(key, 1, algorithm === "sliding log" ? policy.limit : 0));
  return { grows: "limit", size: policy.limit, algorithm, bytesPerKey, ...costs };
}

/** A check that all policies allow. */
async function ofPolicies(redis: Redis, count: number, rounds: number): Promise<GrowthRow> {
  await redis.flushdb();
  const limit = 1_000_000;
  const kinds = [tokenBucket, slidingWindow, fixedWindow];
  const policies = Array.from({ length: count }, (_policy, i) =>
    (kinds[i % kinds.length] as typeof tokenBucket)({ limit, window: WINDOW_MS, name: `policy ${i + 1}` }),
  );
  const check = limiterOf(redis, policies);
  await check(keyOf(1));
  const bytesPerKey = await bytesOf(redis, keyOf(1));
  const costs = await measured(redis, rounds, () => check(keyOf(1)));
  return { grows: "policies", size: count, algorithm: "set", bytesPerKey, ...costs };
}

type Checker = (key: string, cost?: number, laterMs?: number) => Promise<unknown>;

function limiterOf(redis: Redis, policies: Policy[]): Checker {
  const start = Date.now();
  let later = 0;
  const limiter = createLimiter({
    name: "test",
    store: redisStore(ioredisClient(redis)),
    policies,
    snapshots: false,
    now: () => start + later,
  });
  return (key, cost = 1, laterMs = 0) => {
    later = laterMs;
    return limiter.consume(key, { cost });
  };
}

async function measured(redis: Redis, rounds: number, call: () => Promise<unknown>) {
  const micros: number[] = [];
  const latencies: number[] = [];
  let billed = 0;
  for (let round = 0; round < rounds; round += 1) {
    await resetStats(redis);
    for (let i = 0; i < CALLS / rounds; i += 1) {
      const start = performance.now();
      await call();
      latencies.push(performance.now() - start);
    }
    const stats = await readStats(redis);
    micros.push(stats.microsPerEvalsha);
    billed += stats.billed;
  }
  return { microsPerEvalsha: figure(micros), billedCommands: billed / latencies.length, p50Ms: median(latencies) };
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info("memory"))?.[1]);
}

const keyOf = (i: number) => `user:${String(i).padStart(9, "0")}`;

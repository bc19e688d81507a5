import type { Redis } from "ioredis";
import { createLimiter, leases, type Policy, redisStore, slidingWindow, tokenBucket } from "sluice";
import { ioredisClient } from "sluice/ioredis";
import { bytesOf, readStats, resetStats } from "../lib/command-stats.ts";
import { connected } from "../lib/connected.ts";
import type { Pace } from "../lib/pace.ts";
import type { Say } from "../lib/progress.ts";
import { type Figure, figure, shuffled } from "../lib/statistics.ts";

/** The price of keys that are asked for rarely, with leases and without. */
export interface ColdRow {
  readonly algorithm: string;
  readonly leases: boolean;
  readonly microsPerEvalsha: Figure;
  /** The same in each round, in the order of the run. */
  readonly rounds: readonly number[];
  readonly billedCommands: number;
  /** Of a key's state in Redis. */
  readonly bytesPerKey: number;
  /** Sent to Redis for a check. */
  readonly bytesSent: number;
}

const KEYS = 700;
const CALLS_PER_KEY = 3;
const IN_FLIGHT = 50;

const POLICIES: Readonly<Record<string, Policy>> = {
  "token bucket": tokenBucket({ limit: 100, window: 60_000 }),
  "sliding window": slidingWindow({ limit: 100, window: 60_000 }),
};

/** Each key is asked for three times in a row, in turn with the others. */
export async function cold({ redisUrl }: { redisUrl: string }, pace: Pace, say: Say): Promise<ColdRow[]> {
  const redis = await connected(redisUrl);
  try {
    const all = Object.entries(POLICIES).flatMap(([algorithm, policy]) =>
      [false, true].map((leased) => ({ algorithm, policy, leased, rounds: [] as Awaited<ReturnType<typeof round>>[] })),
    );
    const count = 2 * pace.redisRounds;
    for (let n = 1; n <= count; n += 1) {
      say(`leases, cold keys: round ${n} of ${count}`);
      for (const { policy, leased, rounds } of shuffled(all)) rounds.push(await round(redis, policy, leased));
    }
    return all.map(({ algorithm, leased, rounds }) => ({
      algorithm,
      leases: leased,
      microsPerEvalsha: figure(rounds.map(({ micros }) => micros)),
      rounds: rounds.map(({ micros }) => micros),
      billedCommands: rounds[0]?.billed ?? Number.NaN,
      bytesPerKey: rounds[0]?.bytes ?? Number.NaN,
      bytesSent: rounds[0]?.sent ?? Number.NaN,
    }));
  } finally {
    redis.disconnect();
  }
}

async function round(redis: Redis, policy: Policy, leased: boolean) {
  const limiter = createLimiter({
    name: "cold",
    store: redisStore(ioredisClient(redis)),
    policies: [policy],
    waitUntil: () => {},
    ...(leased && { leases: leases() }),
  });
  // So that Redis has the script, which is not what is measured.
  await limiter.consume("first");
  await resetStats(redis);
  const before = await received(redis);
  for (let done = 0; done < KEYS; done += IN_FLIGHT) {
    const some = Array.from({ length: IN_FLIGHT }, (_key, i) => `cold-${100_000 + done + i}`);
    for (let time = 0; time < CALLS_PER_KEY; time += 1) {
      await Promise.all(some.map((key) => limiter.consume(key)));
    }
  }
  const { billed, microsPerEvalsha } = await readStats(redis);
  const sent = (await received(redis)) - before;
  const bytes = await bytesOf(redis, "cold-100000");
  await redis.flushdb();
  const checks = KEYS * CALLS_PER_KEY;
  return { micros: microsPerEvalsha, billed: billed / checks, bytes, sent: sent / checks };
}

async function received(redis: Redis): Promise<number> {
  return Number(/total_net_input_bytes:(\d+)/.exec(await redis.info("stats"))?.[1]);
}

import type { Redis } from "ioredis";
import { bytesOf, readStats, resetStats } from "../lib/command-stats.ts";
import { connected } from "../lib/connected.ts";
import type { Pace } from "../lib/pace.ts";
import type { Say } from "../lib/progress.ts";
import { type Figure, figure, shuffled } from "../lib/statistics.ts";
import { type Subject, subjects } from "./subjects.ts";

export interface RedisSideRow {
  readonly name: string;
  readonly algorithm: string;
  readonly path: "allowed" | "denied";
  readonly microsPerEvalsha: Figure;
  readonly billedCommands: number;
  readonly bytesPerIdentifier: number;
}

const CALLS = 2000;
const IN_FLIGHT = 50;
const KEYS = 100;

/** What a check costs inside Redis: server time, billed commands, bytes. */
export async function redisSide({ redisUrl }: { redisUrl: string }, pace: Pace, say: Say): Promise<RedisSideRow[]> {
  const redis = await connected(redisUrl);
  try {
    const all = subjects(redis).map((subject) => ({ subject, rounds: [] as Awaited<ReturnType<typeof measure>>[] }));
    for (let round = 1; round <= pace.redisRounds; round += 1) {
      say(`inside Redis: round ${round} of ${pace.redisRounds}`);
      for (const { subject, rounds } of shuffled(all)) rounds.push(await measure(redis, subject));
    }
    return all.map(({ subject: { name, algorithm, path }, rounds }) => ({
      name,
      algorithm,
      path,
      microsPerEvalsha: figure(rounds.map(({ micros }) => micros)),
      billedCommands: rounds[0]?.billed ?? Number.NaN,
      bytesPerIdentifier: rounds[0]?.bytes ?? Number.NaN,
    }));
  } finally {
    redis.disconnect();
  }
}

async function measure(redis: Redis, subject: Subject) {
  const keys = Array.from({ length: KEYS }, (_key, i) => `user:${100_000_000_000_000 + i}`);
  const prepare = subject.prepare ?? subject.check;
  for (const key of keys) await prepare(key);
  await resetStats(redis);
  for (let done = 0; done < CALLS; done += IN_FLIGHT) {
    const some = Array.from({ length: IN_FLIGHT }, (_call, i) => keys[(done + i) % KEYS] as string);
    await Promise.all(some.map((key) => subject.check(key)));
  }
  const { billed, microsPerEvalsha } = await readStats(redis);
  const bytes = await bytesOf(redis, keys[0] as string);
  await redis.flushdb();
  return { micros: microsPerEvalsha, billed: billed / CALLS, bytes };
}

import type { Redis } from "ioredis";
import { byOurClock } from "../accuracy/subjects.ts";
import { readStats, resetStats } from "../lib/command-stats.ts";
import { connected } from "../lib/connected.ts";
import type { Pace } from "../lib/pace.ts";
import type { Say } from "../lib/progress.ts";
import { withSimulatedClock } from "../lib/simulated-clock.ts";
import type { Library, Quota } from "../subjects/subject.ts";

export interface MoneyRow {
  readonly library: Library;
  readonly algorithm: string;
  readonly mix: string;
  readonly cache: boolean;
  readonly checks: number;
  readonly denied: number;
  readonly billedPerMillion: number;
}

interface Mix {
  readonly name: string;
  /** Requests of each caller per window, as a part of the limit; evenly spaced. */
  readonly demand: number;
  readonly callers: number;
}

const QUOTA: Quota = { limit: 100, windowMs: 60_000 };

/** Evenly spaced requests at `demand` times the limit: of those, what is over the limit is denied, `1 - 1 / demand`. */
const MIXES: readonly Mix[] = [
  { name: "all allowed", demand: 0.5, callers: 10 },
  { name: "10 % denied", demand: 1 / 0.9, callers: 10 },
  { name: "attack, 95 % denied", demand: 20, callers: 1 },
];

const START = 1_900_000_020_000;

/** Billed commands, counted by Redis, of steady traffic on a simulated clock. */
export async function money({ redisUrl }: { redisUrl: string }, pace: Pace, say: Say): Promise<MoneyRow[]> {
  const redis = await connected(redisUrl);
  const rows: MoneyRow[] = [];
  try {
    for (const mix of MIXES) {
      say(`money: ${mix.name}`);
      for (const cache of [true, false]) {
        const subjects = byOurClock(redis, QUOTA, `money-${rows.length}`, { cache });
        for (const { library, algorithm, check } of subjects) {
          const { checks, denied, billed } = await counted(redis, mix, pace.quick ? 2 : 4, check);
          rows.push({
            library,
            algorithm,
            mix: mix.name,
            cache,
            checks,
            denied,
            billedPerMillion: (billed * 1e6) / checks,
          });
        }
      }
    }
  } finally {
    redis.disconnect();
  }
  return rows;
}

/** The first window fills the state and is not counted. */
async function counted(
  redis: Redis,
  { demand, callers }: Mix,
  windows: number,
  check: (key: string) => Promise<boolean>,
) {
  const perWindow = Math.round(QUOTA.limit * demand);
  let [checks, denied] = [0, 0];
  await withSimulatedClock(START, async (clock) => {
    for (let i = 0; i < perWindow * windows; i += 1) {
      if (i === perWindow) {
        await resetStats(redis);
        [checks, denied] = [0, 0];
      }
      clock.set(START + Math.floor((i * QUOTA.windowMs) / perWindow));
      const answers = await Promise.all(Array.from({ length: callers }, (_caller, n) => check(`caller-${n}`)));
      checks += callers;
      denied += answers.filter((allowed) => !allowed).length;
    }
  });
  return { checks, denied, billed: (await readStats(redis)).billed };
}

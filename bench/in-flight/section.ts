import type { Redis } from "ioredis";
import { resetStats } from "../lib/command-stats.ts";
import { connected } from "../lib/connected.ts";
import type { Pace } from "../lib/pace.ts";
import type { Say } from "../lib/progress.ts";
import { type Figure, figure, shuffled } from "../lib/statistics.ts";
import { SUBJECTS, type Subject } from "./subjects.ts";

/** What one operation costs inside Redis. */
export interface Cost {
  /** µs of server time for all that it sends. */
  readonly micros: Figure;
  readonly billed: number;
}

export interface InFlightRow {
  readonly name: string;
  /** Pieces of work that are held. */
  readonly holds: number;
  readonly bytesPerHold: number;
  readonly hold: Cost;
  readonly release: Cost;
  readonly denied: Cost;
}

const SIZES = [10, 100, 1000];

/** What it costs to hold, to release and to be denied where 10 to 1000 pieces of work are held. */
export async function inFlight({ redisUrl }: { redisUrl: string }, pace: Pace, say: Say): Promise<InFlightRow[]> {
  const { rounds, holdCalls } = pace;
  const redis = await connected(redisUrl);
  try {
    const all = SIZES.flatMap((holds) =>
      SUBJECTS.map((subject) => ({ subject, holds, measured: [] as Awaited<ReturnType<typeof measure>>[] })),
    );
    for (let round = 1; round <= rounds; round += 1) {
      say(`in flight: round ${round} of ${rounds}`);
      for (const { subject, holds, measured } of shuffled(all)) {
        measured.push(await measure(redis, subject, holds, holdCalls));
      }
    }
    return all.map(({ subject: { name }, holds, measured }) => {
      const cost = (of: "hold" | "release" | "denied"): Cost => ({
        micros: figure(measured.map((each) => each[of].micros)),
        billed: measured[0]?.[of].billed ?? Number.NaN,
      });
      const bytesPerHold = measured[0]?.bytesPerHold ?? Number.NaN;
      return { name, holds, bytesPerHold, hold: cost("hold"), release: cost("release"), denied: cost("denied") };
    });
  } finally {
    redis.disconnect();
  }
}

async function measure(redis: Redis, subject: Subject, holds: number, calls: number) {
  await redis.flushdb();
  const take = subject.take(redis, holds);
  const releases = [];
  for (let i = 0; i < holds; i += 1) releases.push(await taken(take));
  const bytes = (await redis.keys("*")).map((key) => redis.memory("USAGE", key, "SAMPLES", 0));
  const bytesPerHold = (await Promise.all(bytes)).reduce<number>((sum, size) => sum + Number(size), 0) / holds;
  // All of them end once, in no order, and others take their places: ends of all ages are in the set.
  const sums = { hold: 0, release: 0, denied: 0 };
  const commands = { hold: 0, release: 0, denied: 0 };
  const counted = async (of: keyof typeof sums, task: () => Promise<unknown>) => {
    await resetStats(redis);
    const result = await task();
    const stats = [...(await redis.info("commandstats")).matchAll(STATS)].filter(([, name]) => !OWN.test(`${name}`));
    const scripts = stats.filter(([, name]) => name?.startsWith("eval"));
    // What runs inside of a script is in the script's time already.
    for (const [, , , micros] of scripts.length > 0 ? scripts : stats) sums[of] += Number(micros);
    for (const [, , calls] of stats) commands[of] += Number(calls);
    return result;
  };
  for (let call = 0; call < calls; call += 1) {
    const i = (call * 7919) % holds;
    await counted("denied", take);
    await counted("release", releases[i] as () => Promise<unknown>);
    releases[i] = (await counted("hold", () => taken(take))) as () => Promise<unknown>;
  }
  const cost = (of: keyof typeof sums) => ({ micros: sums[of] / calls, billed: commands[of] / calls });
  await redis.flushdb();
  return { bytesPerHold, hold: cost("hold"), release: cost("release"), denied: cost("denied") };
}

/** What this bench asks itself. */
const OWN = /^(config|info)/;
const STATS = /cmdstat_([\w|]+):calls=(\d+),usec=(\d+)/g;

async function taken(take: () => Promise<(() => Promise<unknown>) | undefined>): Promise<() => Promise<unknown>> {
  const release = await take();
  if (!release) throw new Error("a place that is free was not given");
  return release;
}

import { randomUUID } from "node:crypto";
import type { Paced } from "../end-to-end/paced.ts";
import { type Runtime, startNode, startWorkerd } from "../end-to-end/runtimes.ts";
import { readStats, resetStats } from "../lib/command-stats.ts";
import { connected } from "../lib/connected.ts";
import type { Pace } from "../lib/pace.ts";
import type { Say } from "../lib/progress.ts";
import { shuffled } from "../lib/statistics.ts";
import type { Endpoints, Library } from "../subjects/subject.ts";
import { type ColdRow, cold } from "./cold.ts";
import { type CrowdRow, crowd } from "./crowd.ts";

/** A steady stream of calls at half of the limit, in real time. */
export interface SteadyRow extends Paced {
  readonly runtime: "node" | "workerd";
  readonly library: Library;
  readonly isolates: number;
  readonly billedPerCheck: number;
}

/** One hot key far from its limit, as many calls as go. */
export interface HotRow {
  readonly runtime: "node" | "workerd";
  readonly library: Library;
  /** Whether a caller takes a turn of the event loop for each call, or for each 256 as where denials are measured. */
  readonly turnEach: boolean;
  /** Checks per second in each round, in the order of the run. */
  readonly rounds: readonly number[];
  readonly billedPerCheck: number;
}

/** Trips of one isolate that asks for one key so often. */
export interface RateRow {
  readonly maxMs: number;
  readonly perSecond: number;
  readonly calls: number;
  readonly trips: number;
}

export interface Leases {
  readonly steady: readonly SteadyRow[];
  readonly hot: readonly HotRow[];
  readonly crowds: readonly CrowdRow[];
  readonly rates: readonly RateRow[];
  readonly cold: readonly ColdRow[];
}

const OFTEN = "@upstash/ratelimit";
const HALF_THE_LIMIT = { quota: { limit: 60_000, windowMs: 60_000 }, perSecond: 500 };
const BUCKET = { limit: 6000, burst: 200, maxMs: 1000 };
const HOT_IN_FLIGHT = 50;
const HOT_MS = 1000;

export async function leases(endpoints: Endpoints, pace: Pace, say: Say): Promise<Leases> {
  const [steady, hot] = [[] as SteadyRow[], [] as HotRow[]];
  for (const [runtime, start] of [
    ["node", startNode],
    ["workerd", startWorkerd],
  ] as const) {
    const started = await start(endpoints);
    const told = (line: string) => say(`leases, ${runtime}: ${line}`);
    try {
      hot.push(...(await asOftenAsGoes(started, endpoints, pace, told)).map((row) => ({ runtime, ...row })));
      steady.push(...(await atHalfTheLimit(started, endpoints, pace, told)).map((row) => ({ runtime, ...row })));
    } finally {
      await started.stop();
    }
  }
  return {
    steady,
    hot,
    crowds: await crowds(endpoints, pace, say),
    rates: await rates(endpoints, pace, say),
    cold: await cold(endpoints, pace, say),
  };
}

/** Libraries next to each other in each round, after a time to learn how hot the key is. */
async function asOftenAsGoes(runtime: Runtime, { redisUrl }: Endpoints, pace: Pace, say: Say) {
  const load = { path: "allowed", keys: 1, inFlight: HOT_IN_FLIGHT, durationMs: pace.quick ? 200 : HOT_MS } as const;
  const subjects = [
    ["sluice, leases", false],
    ["sluice, leases", true],
    ["sluice", true],
    [OFTEN, true],
  ] as const;
  const rows = subjects.map(([library, turnEach]) => ({
    ...{ library, turnEach },
    rounds: [] as number[],
    billed: 0,
    checks: 0,
  }));
  const redis = await connected(redisUrl);
  try {
    for (let round = 0; round <= pace.rounds; round += 1) {
      say(`one hot key, round ${round} of ${pace.rounds}`);
      for (const row of shuffled(rows)) {
        await resetStats(redis);
        const { perSecond, calls } = await runtime.run({
          library: row.library,
          load: { ...load, local: !row.turnEach },
        });
        if (round === 0) continue;
        row.rounds.push(perSecond);
        row.billed += (await readStats(redis)).billed;
        row.checks += calls;
      }
    }
  } finally {
    redis.disconnect();
  }
  return rows.map(({ billed, checks, ...row }) => ({ ...row, billedPerCheck: billed / checks }));
}

async function atHalfTheLimit(runtime: Runtime, { redisUrl }: Endpoints, pace: Pace, say: Say) {
  const rows: Omit<SteadyRow, "runtime">[] = [];
  const redis = await connected(redisUrl);
  try {
    for (const [library, isolates] of [
      ["sluice, leases", 1],
      ["sluice, leases", 4],
      [OFTEN, 1],
    ] as const) {
      say(`${HALF_THE_LIMIT.perSecond} calls a second, ${isolates} × ${library}`);
      await resetStats(redis);
      const seconds = pace.quick ? 2 : 6;
      const paced = await runtime.run({ library, paced: { ...HALF_THE_LIMIT, key: randomUUID(), isolates, seconds } });
      const { billed } = await readStats(redis);
      rows.push({ library, isolates, ...paced, billedPerCheck: billed / (paced.first.calls + paced.later.calls) });
    }
  } finally {
    redis.disconnect();
  }
  return rows;
}

async function crowds(endpoints: Endpoints, { quick }: Pace, say: Say): Promise<CrowdRow[]> {
  const rows: CrowdRow[] = [];
  for (const [isolates, demand, seconds, calm] of [
    [32, 4, 60],
    [32, 40, 30],
    [1000, 0.9, 60],
    [1000, 0.97, 60],
    // The worst for the bound: isolates hold leases while the bucket is nearly full, and then all is asked for at once.
    [4, 40, 20, 0.6],
  ] as const) {
    for (const leases of calm ? [true] : [true, false]) {
      say(`leases: ${isolates} isolates at ${demand} × the limit, ${leases ? "with" : "without"}`);
      // Without leases nearly every call of the crowd is a trip.
      const length = quick || (!leases && demand > 10) ? 6 : !leases && demand > 1 ? 10 : seconds;
      rows.push(await crowd(endpoints, BUCKET, { isolates, demand, ...(calm && { calm }), leases, seconds: length }));
    }
  }
  return rows;
}

async function rates(endpoints: Endpoints, { quick }: Pace, say: Say): Promise<RateRow[]> {
  const rows: RateRow[] = [];
  for (const maxMs of [1000, 5000]) {
    for (const perSecond of quick ? [1, 100] : [1, 2, 5, 10, 20, 50, 100, 200, 500]) {
      say(`leases: ${perSecond} calls a second, maxMs ${maxMs}`);
      const bucket = { limit: 60_000, burst: 60_000, maxMs };
      const of = { isolates: 1, demand: perSecond / 1000, leases: true, seconds: perSecond < 10 && !quick ? 120 : 30 };
      const { calls, trips } = await crowd(endpoints, bucket, of);
      rows.push({ maxMs, perSecond, calls, trips });
    }
  }
  return rows;
}

import { poisson } from "../traffic/arrivals.ts";
import { callers } from "../traffic/callers.ts";
import { partitions, restarts, storms } from "../traffic/incidents.ts";
import { evenKeys, oneKey } from "../traffic/keys.ts";
import type { Action, Again, LimiterRule, WorkRule } from "../world/history.ts";
import type { Plan } from "../world/plan.ts";
import { between, chance, oneOf, type Stream, share, streamOf } from "../world/random.ts";
import { faultsUpTo } from "./faults.ts";
import { together } from "./swarm.ts";
import { workers, workersTogether } from "./working.ts";

/** A world of work in flight, and what its limiter promises. */
export interface HeldWorld {
  readonly plan: Plan;
  readonly work: WorkRule;
}

const HOUR_MS = 3_600_000;
const NAME = "jobs";

/**
 * Calls are pieces of work, alone and together with a quota: they hold, extend while they last, and release, unless their isolate ends
 * before, or they forget to. Some have names, by which they are asked for again, here and elsewhere.
 */
export function heldWorld(seed: number, calls = 1200): HeldWorld {
  const stream = streamOf(seed, 12);
  const clocks = oneOf(stream, ["near", "near", "far", "redis"] as const);
  const nearMs = oneOf(stream, [0, 300, 900]);
  const limit = oneOf(stream, [1, 4, 10, 40]);
  const holdMs = oneOf(stream, [300, 2000, 10_000]);
  const jobs: LimiterRule = {
    name: NAME,
    database: "main",
    policies: [],
    clock: clocks === "redis" ? "redis" : "isolate",
    timeoutMs: oneOf(stream, [200, 1000]),
    failureMode: oneOf(stream, ["open", "closed", "memory"]),
    snapshots: chance(stream, 0.3) ? undefined : { maxKeys: 100, maxAgeMs: 5000 },
    breaker: chance(stream, 0.7),
  };
  const quota = limit * oneOf(stream, [1, 3, 20]);
  const user: LimiterRule = {
    ...jobs,
    name: "user",
    policies: [{ kind: "fixed", name: "quota", limit: quota, windowMs: holdMs, burst: quota }],
  };
  const limiters = [jobs, user, ...oneOf(stream, [[], [together([jobs, user])], [together([user, jobs])]])];
  // Work lasts about a hold and a half.
  const perSecond = Math.max(1, (limit * oneOf(stream, [0.5, 1, 3]) * 1000) / (1.5 * holdMs));
  const durationMs = Math.min(600_000, Math.max(10 * holdMs, (calls / perSecond) * 1000));
  const work = { name: NAME, limit, holdMs, aheadMs: { near: nearMs, far: Infinity, redis: 0 }[clocks] };
  const named = oneOf(stream, [0, 0.3, 1]);
  const asks = callers({
    // The quota alone is for those that are asked together.
    limiters: limiters.filter((rule) => rule !== user),
    keys: oneOf(stream, [oneKey("k"), evenKeys(3)]),
    operations: { consume: 1 },
    mostCost: 1,
    mostWaitMs: 0,
    acceptsDelay: 0,
    leaves: oneOf(stream, [0, 0.05]),
    leavesWithinMs: 50,
    comesBack: 0,
  });
  const next = (stream: Stream): Action => {
    const action = { ...asks(stream), cost: unitsIn(stream, limit) };
    return chance(stream, named) ? { ...action, again: asksAgain(stream, work, jobs) } : action;
  };
  const part = oneOf(stream, [0, 0.01, 0.1]);
  const faults = faultsUpTo(stream, part);
  const latency = oneOf(stream, [
    { least: 0.2, median: 0.5, p99: 2, most: 10 },
    { least: 20, median: 40, p99: 150, most: 400 },
  ]);
  const clockOf = (isolate: Stream) =>
    clocks === "near" ? between(isolate, -nearMs, nearMs) : between(isolate, -HOUR_MS, HOUR_MS);
  const plan: Plan = {
    name: `work in flight, ${limit} for ${holdMs} ms, ${clocks} clocks, ${limiters.map(({ name }) => name).join(" and ")}`,
    durationMs,
    databases: [{ name: "main", offsetMs: 0, takesFlags: chance(stream, 0.5) }],
    population: {
      isolates: oneOf(stream, [1, 3, 12]),
      regions: ["here"],
      meanLifeMs: oneOf(stream, [Infinity, 20 * holdMs, 3 * holdMs]),
      gapMs: oneOf(stream, [0, 100]),
      meanFreezeEveryMs: oneOf(stream, [Infinity, 20 * holdMs]),
      freezeMs: oneOf(stream, [20, 2 * holdMs]),
      clock: (isolate) => ({ offsetMs: clockOf(isolate), pace: 1 }),
      meanJumpEveryMs: clocks === "near" ? Infinity : oneOf(stream, [Infinity, durationMs / 3]),
      jump: (isolate) => between(isolate, -60_000, 60_000),
      workers: oneOf(stream, [0, 0.5, 1]),
      noWaitUntil: oneOf(stream, [0, 1]),
      deafClients: oneOf(stream, [0, 0.3]),
    },
    limiters,
    limiterOf: workers(work),
    setOf: workersTogether(work),
    work,
    weather: () => ({ latency, ...faults }),
    traffic: [poisson("workers", perSecond, next)],
    incidents: [
      ...(chance(stream, 0.3) ? [partitions(durationMs / 4, oneOf(stream, [500, 5000]))] : []),
      ...(chance(stream, 0.3) ? [storms(durationMs / 4, 5000, { factor: 10, loss: oneOf(stream, [0, 0.5]) })] : []),
      ...(chance(stream, 0.2) ? [restarts(durationMs / 3, chance(stream, 0.5))] : []),
    ],
  };
  return { plan, work };
}

/** When others ask for a piece of work by its name, if it has one: before its first answer, after that is late, during the work, and after. */
function asksAgain(stream: Stream, { limit, holdMs }: WorkRule, { timeoutMs }: LimiterRule): readonly Again[] {
  const moments = [timeoutMs / 20, 1.5 * timeoutMs, holdMs, 6 * holdMs];
  return Array.from({ length: between(stream, 0, 3) }, () => ({
    afterMs: oneOf(stream, moments) * share(stream),
    cost: chance(stream, 0.2) ? unitsIn(stream, limit) : 1,
    where: chance(stream, 0.5) ? share(stream) : undefined,
  }));
}

const unitsIn = (stream: Stream, limit: number) => (chance(stream, 0.2) ? Math.min(limit, 3) : 1);

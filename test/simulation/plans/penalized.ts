import { poisson } from "../traffic/arrivals.ts";
import { type Callers, callers } from "../traffic/callers.ts";
import { partitions, restarts, storms } from "../traffic/incidents.ts";
import { evenKeys, oneKey } from "../traffic/keys.ts";
import type { Kind, LimiterRule, PenaltyRule } from "../world/history.ts";
import type { Plan } from "../world/plan.ts";
import { between, chance, oneOf, type Stream, streamOf } from "../world/random.ts";
import { steadyIsolates } from "./crowd.ts";
import { faultsUpTo } from "./faults.ts";
import { together } from "./swarm.ts";

/** Callers who go on after they were denied: on one limiter, on several in one verdict, or on one that takes ahead. */
export function penalizedPlan(seed: number, calls = 600): Plan {
  const stream = streamOf(seed, 13);
  const shape = oneOf(stream, ["alone", "together", "leased"] as const);
  const isLeased = shape === "leased";
  const clock = isLeased ? "redis" : oneOf(stream, ["redis", "isolate"] as const);
  const nearMs = oneOf(stream, [0, 200]);
  const first = limiterOf(stream, "login", clock, isLeased);
  const second = limiterOf(stream, "org", clock, false);
  const others = shape === "together" ? [chance(stream, 0.5) ? second : without(second)] : [];
  const limiters = [first, ...others, ...(others.length > 0 ? [together([first, ...others])] : [])];
  const [{ limit, windowMs }] = first.policies as [LimiterRule["policies"][0]];
  const perSecond = ((limit * 1000) / windowMs) * oneOf(stream, isLeased ? [0.6, 0.9] : [1.2, 3, 8]);
  // Of a lease's calls few cost anything here.
  const durationMs = Math.min(600_000, ((isLeased ? 5 * calls : calls) / perSecond) * 1000);
  const wishes: Callers = {
    limiters,
    keys: isLeased ? oneKey("k") : oneOf(stream, [oneKey("k"), evenKeys(3)]),
    operations: isLeased
      ? { consume: 20, peek: 1, block: 0.02 }
      : { consume: 20, peek: 2, reserve: 2, charge: 0.5, reset: 0.1, block: 0.3 },
    mostCost: 1,
    mostWaitMs: 0,
    acceptsDelay: 0,
    mostBlockMs: 3 * windowMs,
    leaves: oneOf(stream, [0, 0.05]),
    leavesWithinMs: 50,
    comesBack: oneOf(stream, [0, 0.3]),
  };
  // What asks for much at once is denied while isolates still have what they took ahead.
  const greedy = isLeased ? [poisson("greedy", 5000 / windowMs, callers({ ...wishes, mostCost: limit }))] : [];
  const part = oneOf(stream, [0, 0.01, 0.05]);
  const faults = faultsUpTo(stream, part);
  const latency = oneOf(stream, [
    { least: 0.2, median: 0.5, p99: 2, most: 10 },
    { least: 20, median: 40, p99: 150, most: 300 },
  ]);
  return {
    name: `penalty, ${shape}, ${first.policies.map(({ kind }) => kind)} of ${limit}, clock of ${clock}`,
    durationMs,
    databases: [{ name: "main", offsetMs: 0, takesFlags: chance(stream, 0.5) }],
    population: {
      ...steadyIsolates(oneOf(stream, isLeased ? [2, 3] : [1, 3, 8])),
      meanLifeMs: oneOf(stream, [Infinity, durationMs / 5]),
      clock: (isolate) => ({ offsetMs: between(isolate, -nearMs, nearMs), pace: 1 }),
      noWaitUntil: oneOf(stream, [0, 0.5]),
      deafClients: oneOf(stream, [0, 0.3]),
    },
    limiters,
    weather: () => ({ latency, ...faults }),
    traffic: [poisson("callers", perSecond, callers(wishes)), ...greedy],
    incidents: [
      ...(chance(stream, 0.3) ? [partitions(durationMs / 4, 500)] : []),
      ...(chance(stream, 0.3) ? [storms(durationMs / 4, 5000, { factor: 3, loss: oneOf(stream, [0, 0.3]) })] : []),
      ...(chance(stream, 0.2) ? [restarts(durationMs / 3, chance(stream, 0.5))] : []),
    ],
    apartMs: 2 * nearMs,
  };
}

function limiterOf(stream: Stream, name: string, clock: LimiterRule["clock"], leased: boolean): LimiterRule {
  const kind = oneOf<Kind>(stream, leased ? ["bucket", "sliding", "fixed"] : ["bucket", "sliding", "fixed", "parts"]);
  const windowMs = leased ? 1000 : oneOf(stream, [1000, 5000]);
  const limit = leased ? oneOf(stream, [200, 500]) : oneOf(stream, [2, 5, 20]);
  return {
    name,
    database: "main",
    policies: [{ kind, name: "p", limit, windowMs, burst: limit, ...(kind === "parts" && { parts: 2 }) }],
    clock,
    timeoutMs: oneOf(stream, [300, 1000]),
    failureMode: oneOf(stream, ["open", "closed", "memory"]),
    snapshots: chance(stream, 0.3) ? undefined : { maxKeys: 100, maxAgeMs: 5000 },
    breaker: chance(stream, 0.7),
    penalty: leased ? { ...penaltyOf(stream, windowMs), after: 1 } : penaltyOf(stream, windowMs),
    ...(leased && { leases: { maxMs: Math.floor(windowMs * oneOf(stream, [0.2, 0.4])) } }),
  };
}

function penaltyOf(stream: Stream, windowMs: number): PenaltyRule {
  const length = windowMs * oneOf(stream, [0.5, 2, 5]);
  return {
    after: oneOf(stream, [1, 3, 10]),
    within: windowMs * oneOf(stream, [1, 4]),
    length,
    factor: oneOf(stream, [1, 2]),
    most: length * oneOf(stream, [1, 4]),
  };
}

function without({ penalty: _penalty, ...limiter }: LimiterRule): LimiterRule {
  return limiter;
}

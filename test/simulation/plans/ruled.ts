import { poisson } from "../traffic/arrivals.ts";
import { callers } from "../traffic/callers.ts";
import { operators, partitions, restarts, storms } from "../traffic/incidents.ts";
import { evenKeys } from "../traffic/keys.ts";
import type { Kind, LimiterRule, RuleMade } from "../world/history.ts";
import type { Plan } from "../world/plan.ts";
import { between, chance, oneOf, type Stream, share, streamOf } from "../world/random.ts";
import { steadyIsolates } from "./crowd.ts";
import { faultsUpTo } from "./faults.ts";
import { together } from "./swarm.ts";

const KEYS = 5;
const ALL_KEYS = "user-*";
const PLAIN: readonly Kind[] = ["bucket", "sliding", "fixed", "log", "parts"];
const IN_SETS: readonly Kind[] = ["bucket", "sliding", "fixed"];
const IN_LEASES: readonly Kind[] = ["bucket", "fixed"];

/** Limiters whose operators block, let pass, set limits and change their minds: alone, in one verdict, or on ones that take ahead. */
export function ruledPlan(seed: number, calls = 800): Plan {
  const stream = streamOf(seed, 14);
  const shape = oneOf(stream, ["alone", "together", "leased"] as const);
  const isLeased = shape === "leased";
  // Units are taken ahead of keys that are asked for often, so that a world of them must be short.
  const refreshMs = oneOf(stream, isLeased ? [500, 1000] : [200, 1000, 5000]);
  const keys = isLeased ? 2 : KEYS;
  const drawn = {
    kinds: { alone: PLAIN, together: IN_SETS, leased: IN_LEASES }[shape],
    clock: isLeased ? "redis" : oneOf(stream, ["redis", "isolate"] as const),
    rules: { database: "main", refreshMs },
  };
  const first = limiterOf(stream, "api", drawn, isLeased);
  const second = limiterOf(stream, "org", drawn, false);
  const limiters = shape === "together" ? [first, second, together([first, second])] : [first];
  const [{ limit, windowMs }] = first.policies as [LimiterRule["policies"][0]];
  const perSecond = Math.max(
    (keys * limit * 1000 * oneOf(stream, isLeased ? [0.6, 0.9] : [0.3, 1, 3])) / windowMs,
    4000 / refreshMs,
  );
  const durationMs = Math.min(600_000, Math.max(12 * refreshMs, (calls / perSecond) * 1000));
  // A bucket's debt under a lower limit may end before the time that it would take to repay it.
  const booked = limiters.some(({ policies }) => policies[0]?.kind === "bucket") ? {} : { charge: 0.5 };
  const faults = faultsUpTo(stream, oneOf(stream, [0, 0.01, 0.05]));
  const latency = oneOf(stream, [
    { least: 0.2, median: 0.5, p99: 2, most: 10 },
    { least: 20, median: 40, p99: 150, most: 300 },
  ]);
  return {
    name: `rules, ${shape}, ${first.policies.map(({ kind }) => kind)} of ${limit}, read every ${refreshMs} ms`,
    durationMs,
    databases: [{ name: "main", offsetMs: 0, takesFlags: chance(stream, 0.5) }],
    population: {
      ...steadyIsolates(oneOf(stream, isLeased ? [1, 2] : [1, 2, 5])),
      meanLifeMs: oneOf(stream, [Infinity, durationMs / 3]),
      meanFreezeEveryMs: oneOf(stream, [Infinity, durationMs / 5]),
      freezeMs: oneOf(stream, [20, 2 * refreshMs]),
      clock: (isolate) => ({ offsetMs: between(isolate, -500, 500), pace: 1 }),
      workers: oneOf(stream, [0, 1]),
      noWaitUntil: oneOf(stream, [0, 1]),
      deafClients: oneOf(stream, [0, 0.3]),
    },
    limiters,
    weather: () => ({ latency, ...faults }),
    traffic: [
      poisson(
        "callers",
        perSecond,
        callers({
          limiters,
          keys: evenKeys(keys),
          operations: { consume: 20, peek: 2, ...(!isLeased && { reserve: 2, ...booked, reset: 0.2 }) },
          mostCost: 1,
          mostWaitMs: 0,
          acceptsDelay: 0,
          leaves: oneOf(stream, [0, 0.05]),
          leavesWithinMs: 50,
          comesBack: oneOf(stream, [0, 0.3]),
        }),
      ),
    ],
    incidents: [
      operators("main", oneOf(stream, [0.7, 3]) * refreshMs, (own, now) => rulesOf(own, now, limit)),
      ...(chance(stream, 0.3) ? [partitions(durationMs / 4, 500)] : []),
      ...(chance(stream, 0.3) ? [storms(durationMs / 4, 5000, { factor: 3, loss: oneOf(stream, [0, 0.3]) })] : []),
      ...(chance(stream, 0.2) ? [restarts(durationMs / 3, chance(stream, 0.5))] : []),
    ],
  };
}

/** At most one rule for each key, and maybe one for all that have none. `usual`: the limit without a rule. */
function rulesOf(stream: Stream, now: number, usual: number): RuleMade[] {
  const kinds = (): RuleMade => {
    const what = oneOf(stream, ["block", "allow", "limit", "limit", "limit"] as const);
    const limits = { p: oneOf(stream, [0, 1, Math.ceil(usual / 2), 2 * usual, 5 * usual]) };
    return what === "limit" ? { what, limits } : { what };
  };
  const terms = (): RuleMade => ({
    ...kinds(),
    ...(chance(stream, 0.5) && { limiter: oneOf(stream, ["api", "org"]) }),
    ...(chance(stream, 0.3) && { until: 1000 * Math.ceil((now + share(stream) * 10_000) / 1000) }),
  });
  const keys = Array.from({ length: KEYS }, (_, i) => `user-${i + 1}`).filter(() => chance(stream, 0.4));
  const all = chance(stream, 0.2) ? [{ ...terms(), pattern: ALL_KEYS }] : [];
  return [...keys.map((key): RuleMade => ({ ...terms(), key })), ...all];
}

interface Drawn extends Pick<LimiterRule, "clock" | "rules"> {
  readonly kinds: readonly Kind[];
}

function limiterOf(stream: Stream, name: string, { kinds, ...drawn }: Drawn, leased: boolean): LimiterRule {
  const kind = oneOf(stream, kinds);
  const windowMs = leased ? 1000 : oneOf(stream, [1000, 5000]);
  const limit = leased ? 200 : oneOf(stream, [2, 10]);
  const burst = kind === "bucket" && !leased ? limit * oneOf(stream, [0.5, 1, 3]) : limit;
  return {
    name,
    database: "main",
    policies: [{ kind, name: "p", limit, windowMs, burst, ...(kind === "parts" && { parts: 5 }) }],
    ...drawn,
    timeoutMs: oneOf(stream, [300, 1000]),
    failureMode: oneOf(stream, ["open", "closed", "memory"]),
    snapshots: chance(stream, 0.3) ? undefined : { maxKeys: 100, maxAgeMs: 5000 },
    breaker: chance(stream, 0.7),
    ...(leased && { leases: { maxMs: Math.floor(windowMs * oneOf(stream, [0.2, 0.4])) } }),
  };
}

import { flashCrowd, poisson, waves } from "../traffic/arrivals.ts";
import { callers } from "../traffic/callers.ts";
import { partitions, storms } from "../traffic/incidents.ts";
import { evenKeys, hotKey, oneKey } from "../traffic/keys.ts";
import type { Kind, LimiterRule, PolicyRule } from "../world/history.ts";
import type { Latency } from "../world/network.ts";
import type { Incident, Plan } from "../world/plan.ts";
import { between, chance, oneOf, type Stream, streamOf } from "../world/random.ts";
import { calm, steadyIsolates } from "./crowd.ts";
import { faultsUpTo } from "./faults.ts";
import { together } from "./swarm.ts";

const HOUR_MS = 3_600_000;
const LATENCIES: readonly Latency[] = [
  { least: 0.2, median: 0.5, p99: 2, most: 10 },
  { least: 1, median: 4, p99: 20, most: 60 },
  { least: 60, median: 80, p99: 150, most: 300 },
];

/** What is otherwise in such worlds of a kind. */
export interface LeasedFlavour {
  /** A policy in place of one, given how long the world lasts. */
  readonly policy?: (rule: PolicyRule, durationMs: number) => PolicyRule;
  /** How far the database's clock is ahead, in ms, given the same; isolates' are so far away from it as they are else from none. */
  readonly clockMs?: (durationMs: number) => number;
}

/** A world of limiters that take ahead, on the clock of their database: hot keys, isolates that end, faults, clocks far apart. */
export function leasedPlan(seed: number, calls = 10_000, flavour: LeasedFlavour = {}): Plan {
  const stream = streamOf(seed, 9);
  const first = limiterOf(stream, "api");
  const more = chance(stream, 0.3) ? [limiterOf(stream, "org")] : [];
  const [policy] = first.policies as readonly [PolicyRule];
  const due = (policy.limit * 1000) / policy.windowMs;
  const perSecond = Math.min(4000, Math.max(20, due * oneOf(stream, [0.5, 0.9, 1, 2, 4, 40])));
  const durationMs = Math.min(600_000, Math.max(4000, (calls / perSecond) * 1000));
  const { policy: changed = (rule: PolicyRule) => rule, clockMs } = flavour;
  const alone = [first, ...more].map((rule): LimiterRule => {
    const policies = rule.policies.map((policy) => changed(policy, durationMs));
    const inParts = policies.flatMap(({ kind, windowMs }) => (kind === "parts" ? windowMs / 10 : []));
    const maxMs = Math.min(rule.leases?.maxMs ?? 0, ...inParts);
    return { ...rule, policies, leases: { maxMs } };
  });
  const limiters = [...alone, ...(alone.length > 1 ? [together(alone)] : [])];
  const next = callers({
    limiters,
    keys: oneOf(stream, [oneKey("k"), oneKey("k"), hotKey(0.7, evenKeys(5)), evenKeys(3)]),
    // Without charges: what others took before is spent beside what they book, so the plain definition is no bound there.
    operations: oneOf(stream, [{ consume: 1 }, { consume: 1 }, { consume: 20, peek: 1 }]),
    mostCost: oneOf(stream, [1, 1, 3]),
    mostWaitMs: 300,
    acceptsDelay: 0,
    leaves: oneOf(stream, [0, 0.05]),
    leavesWithinMs: 20,
    comesBack: oneOf(stream, [0, 0.3]),
  });
  const rate = oneOf(stream, [
    () => perSecond,
    waves(oneOf(stream, [500, 5000]), 0.3, perSecond / 10, perSecond),
    flashCrowd(durationMs * 0.3, durationMs * 0.6, perSecond / 10, perSecond),
  ]);
  return {
    name: `leases, ${limiters.map(({ policies }) => policies.map(({ kind }) => kind).join("+")).join(" and ")}`,
    durationMs,
    databases: [
      { name: "main", offsetMs: clockMs?.(durationMs) ?? between(stream, -HOUR_MS, HOUR_MS), takesFlags: true },
    ],
    population: {
      isolates: oneOf(stream, [1, 2, 4, 8, 32]),
      regions: ["here"],
      meanLifeMs: oneOf(stream, [Infinity, durationMs / 2, durationMs / 20]),
      gapMs: oneOf(stream, [0, 100]),
      meanFreezeEveryMs: oneOf(stream, [Infinity, durationMs / 5]),
      freezeMs: oneOf(stream, [20, 500, 5000]),
      clock: (isolate) => ({
        offsetMs: (clockMs?.(durationMs) ?? 0) + between(isolate, -HOUR_MS, HOUR_MS),
        pace: oneOf(isolate, [1, 1, 1.0001, 0.9999]),
      }),
      meanJumpEveryMs: oneOf(stream, [Infinity, durationMs / 3]),
      // A clock set back lengthens a lease by as much: docs/leases.md.
      jump: (isolate) => between(isolate, 1, oneOf(isolate, [50, 60_000])),
      workers: oneOf(stream, [0, 0.5, 1]),
      noWaitUntil: oneOf(stream, [0, 0.5, 1]),
      deafClients: oneOf(stream, [0, 0.3]),
    },
    limiters,
    weather: weatherOf(stream),
    traffic: [poisson("callers", perSecond, next, rate)],
    incidents: incidentsOf(stream, durationMs),
  };
}

/** What is otherwise in worlds of surges. */
export interface SurgeFlavour {
  readonly policy?: Partial<PolicyRule>;
  /** How long nobody comes before everybody does. */
  readonly quietMs?: number;
  readonly maxMs?: number;
  readonly surges?: number;
  /** How far the database's clock is ahead, in ms, given when the first surge begins if there is no quiet before it. */
  readonly clockMs?: (atMs: number) => number;
}

/**
 * The worst that callers can do to leases: isolates take ahead while callers come, then nobody comes until the bucket has filled or
 * the window has ended, and then everybody comes at once.
 */
export function surgingPlan(seed: number, flavour: SurgeFlavour = {}): Plan {
  const stream = streamOf(seed, 10);
  const drawn: Kind = oneOf(stream, ["bucket", "bucket", "sliding", "fixed"]);
  const { kind = drawn } = flavour.policy ?? {};
  const limit = oneOf(stream, [100, 200]);
  const { maxMs = 1000 } = flavour;
  const limiter: LimiterRule = {
    name: "api",
    database: "main",
    policies: [{ kind, name: "p", limit, windowMs: 5000, burst: limit, ...flavour.policy }],
    clock: "redis",
    timeoutMs: 1000,
    failureMode: "closed",
    snapshots: { maxKeys: 100, maxAgeMs: 5000 },
    breaker: true,
    leases: { maxMs },
  };
  const next = callers({
    limiters: [limiter],
    keys: oneKey("k"),
    operations: { consume: 1 },
    mostCost: 1,
    mostWaitMs: 0,
    acceptsDelay: 0,
    leaves: 0,
    leavesWithinMs: 0,
    comesBack: 0,
  });
  const due = limit / 5;
  const drawnMs = oneOf(stream, [0.7, 0.85, 1.1]) * maxMs;
  const { quietMs = drawnMs, surges = 15 } = flavour;
  const periodMs = 2500 + quietMs + 200;
  const rate = (atMs: number) => {
    const into = atMs % periodMs;
    if (into < 2500) return 0.9 * due;
    return into < 2500 + quietMs ? 0 : 40 * due;
  };
  return {
    name: `surges on leases of a ${kind}`,
    durationMs: surges * periodMs,
    databases: [
      { name: "main", offsetMs: flavour.clockMs?.(2500) ?? between(stream, -HOUR_MS, HOUR_MS), takesFlags: true },
    ],
    population: {
      ...steadyIsolates(between(stream, 1, 4), ["here"]),
      clock: (isolate) => ({
        offsetMs: (flavour.clockMs?.(2500) ?? 0) + between(isolate, -HOUR_MS, HOUR_MS),
        pace: 1,
      }),
      noWaitUntil: oneOf(stream, [0, 1]),
    },
    limiters: [limiter],
    weather: () => calm(LATENCIES[0] as Latency),
    traffic: [poisson("surges", 40 * due, next, rate)],
    incidents: [],
  };
}

function limiterOf(stream: Stream, name: string): LimiterRule {
  const kinds: readonly Kind[] = ["bucket", "bucket", "sliding", "fixed"];
  const policies = Array.from({ length: oneOf(stream, [1, 1, 1, 2]) }, (_, i): PolicyRule => {
    const kind = oneOf(stream, kinds);
    const windowMs = oneOf(stream, [1000, 5000, 20_000, 60_000]);
    const limit = oneOf(stream, [20, 100, 500, 2000]) * Math.ceil(windowMs / 10_000);
    const burst = kind === "bucket" ? limit * oneOf(stream, [1, 1, 2]) : limit;
    return { kind, name: `p${i}`, limit, windowMs, burst };
  });
  const shortest = Math.min(...policies.map(({ windowMs }) => windowMs));
  return {
    name,
    database: "main",
    policies,
    clock: "redis",
    timeoutMs: oneOf(stream, [200, 1000]),
    failureMode: oneOf(stream, ["open", "closed", "memory"]),
    snapshots: chance(stream, 0.2) ? undefined : { maxKeys: 100, maxAgeMs: 5000 },
    breaker: chance(stream, 0.8),
    leases: { maxMs: Math.max(100, Math.floor(shortest * oneOf(stream, [0.05, 0.2, 0.45]))) },
  };
}

function weatherOf(stream: Stream): Plan["weather"] {
  const latency = oneOf(stream, LATENCIES);
  const part = oneOf(stream, [0, 0.001, 0.05]);
  const weather = { latency, ...faultsUpTo(stream, part) };
  return () => weather;
}

function incidentsOf(stream: Stream, durationMs: number): Incident[] {
  return [
    ...(chance(stream, 0.3) ? [partitions(durationMs / 4, oneOf(stream, [500, 5000]))] : []),
    ...(chance(stream, 0.3) ? [storms(durationMs / 4, 5000, { factor: 10, loss: oneOf(stream, [0, 0.5]) })] : []),
  ];
}

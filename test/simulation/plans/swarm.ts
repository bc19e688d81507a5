import { flashCrowd, poisson, volleys, waves } from "../traffic/arrivals.ts";
import { callers } from "../traffic/callers.ts";
import { partitions, restarts, storms } from "../traffic/incidents.ts";
import { evenKeys, hotKey, type NextKey, oneKey, zipfKeys } from "../traffic/keys.ts";
import type { Action, Afterwards, Kind, LimiterRule, Operation, PolicyRule } from "../world/history.ts";
import type { Latency } from "../world/network.ts";
import type { Incident, Plan, Population, Source } from "../world/plan.ts";
import { between, chance, oneOf, type Stream, streamOf } from "../world/random.ts";
import { faultsUpTo } from "./faults.ts";

/** How far clocks and delays may be apart: what the definitions promise depends on it. */
export type Clocks = "exact" | "near" | "far" | "redis";

const CLOCKS: readonly Clocks[] = ["exact", "exact", "near", "far", "redis"];
const WINDOWS_MS = [40, 100, 300, 1000, 1000, 2500, 10_000, 10_000, 60_000, 3_600_000];
const HOUR_MS = 3_600_000;
const DATABASE = "main";

/** What is otherwise in worlds of a kind. */
export interface Flavour {
  /** Limiters more, which ask some of these or are made of them. */
  readonly more?: (limiters: readonly LimiterRule[], clocks: Clocks) => readonly LimiterRule[];
  readonly operations?: readonly Operations[];
  readonly afterwards?: (stream: Stream, action: Action) => Afterwards | undefined;
  /** A policy in place of one. */
  readonly policy?: (rule: PolicyRule) => PolicyRule;
  /** By how many ms all clocks are ahead, given how long the world lasts. */
  readonly aheadMs?: (durationMs: number) => number;
}

type Operations = Readonly<Partial<Record<Operation, number>>>;

/** A world of its own for each seed: every part of it drawn anew, so that many of them meet every mixture. */
export function swarmPlan(seed: number, calls = 14_000, flavour: Flavour = {}): Plan {
  const stream = streamOf(seed, 7);
  const clocks = oneOf(stream, CLOCKS);
  const latency = oneOf(stream, LATENCIES);
  const alone = [
    limiterOf(stream, "api", clocks),
    ...(chance(stream, 0.2) ? [limiterOf(stream, "other", clocks)] : []),
  ];
  const drawn = [...alone, ...limitersTogether(streamOf(seed, 8), alone, clocks)].map((rule) => changed(rule, flavour));
  const limiters = [...drawn, ...(flavour.more?.(drawn, clocks) ?? [])];
  const perSecond = callsPerSecond(stream, limiters[0] as LimiterRule);
  const durationMs = Math.min(600_000, Math.max(5000, (calls / perSecond) * 1000));
  const aheadMs = flavour.aheadMs?.(durationMs) ?? 0;
  return {
    name: `${clocks} clocks, ${limiters.map(nameOf).join(" and ")}`,
    durationMs,
    databases: [
      { name: DATABASE, offsetMs: databaseOffset(stream, clocks) + aheadMs, takesFlags: chance(stream, 0.7) },
    ],
    population: populationOf(stream, clocks, durationMs, aheadMs),
    limiters,
    weather: weatherOf(stream, latency),
    traffic: trafficOf(stream, limiters, perSecond, durationMs, flavour),
    incidents: incidentsOf(stream, durationMs),
  };
}

/** One-way latencies: next door, in the region, over the ocean, and one that is all over the place. */
const LATENCIES: readonly Latency[] = [
  { least: 0.2, median: 0.5, p99: 2, most: 10 },
  { least: 1, median: 4, p99: 20, most: 60 },
  { least: 60, median: 80, p99: 150, most: 300 },
  { least: 1, median: 30, p99: 300, most: 900 },
];

/** What goes with others in one verdict. */
export const COMBINE: readonly Kind[] = ["bucket", "sliding", "fixed"];

function nameOf({ policies, levels, members }: LimiterRule): string {
  if (members) return `first of ${members.map(({ levels }) => levels?.length ?? 1).join(" and ")}`;
  return levels ? `all ${levels.length}` : policies.map(({ kind }) => kind).join("+");
}

/** In some worlds: one or two limiters more, and one of all that combine. */
function limitersTogether(stream: Stream, alone: readonly LimiterRule[], clocks: Clocks): LimiterRule[] {
  if (!chance(stream, 0.3)) return [];
  const more = ["org", "team"].slice(0, between(stream, 1, 2)).map((name) => limiterOf(stream, name, clocks, COMBINE));
  const levels = [...alone.filter(({ policies }) => policies[0]?.kind !== "log"), ...more];
  return [...more, together(levels)];
}

/** With the flavour's policies. */
export function changed(rule: LimiterRule, flavour: Flavour): LimiterRule {
  if (!flavour.policy) return rule;
  const levels = rule.levels?.map((level) => changed(level, flavour));
  return { ...rule, policies: rule.policies.map(flavour.policy), ...(levels && { levels }) };
}

/** Limiters asked in order, by what `anyOf` promises. */
export function inOrder(members: readonly LimiterRule[]): LimiterRule {
  const { levels: _levels, ...last } = members.at(-1) as LimiterRule;
  return {
    ...last,
    // Another one than that of a limiter that is alone in it.
    name: members.map(({ name }) => `${name}|`).join(""),
    policies: members.flatMap(({ policies }) => policies),
    timeoutMs: members.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0),
    snapshots: undefined,
    members,
  };
}

/** Limiters as one, by what `allOf` promises where it is told nothing else. */
export function together(levels: readonly LimiterRule[]): LimiterRule {
  const [first] = levels as readonly [LimiterRule, ...LimiterRule[]];
  const modes = levels.map(({ failureMode }) => failureMode);
  return {
    ...first,
    // Another one than that of a level that is alone in it.
    name: levels.map(({ name }) => `${name}+`).join(""),
    policies: levels.flatMap(({ policies }) => policies),
    timeoutMs: Math.min(...levels.map(({ timeoutMs }) => timeoutMs)),
    failureMode: (["closed", "memory"] as const).find((mode) => modes.includes(mode)) ?? "open",
    snapshots: undefined,
    levels,
  };
}

/** A limiter of such worlds; one of `only` these algorithms where it has one policy. */
export function limiterOf(
  stream: Stream,
  name: string,
  clocks: Clocks,
  only: readonly Kind[] = [...COMBINE, "log"],
): LimiterRule {
  const kinds: readonly Kind[] = chance(stream, 0.25)
    ? Array.from({ length: between(stream, 2, 4) }, () => oneOf(stream, COMBINE))
    : [oneOf(stream, only)];
  return {
    name,
    database: DATABASE,
    policies: kinds.map((kind, i) => policyOf(stream, kind, `p${i}`)),
    clock: clocks === "redis" ? "redis" : "isolate",
    timeoutMs: oneOf(stream, [50, 200, 1000, 1000]),
    failureMode: oneOf(stream, ["open", "closed", "memory"]),
    snapshots: chance(stream, 0.15)
      ? undefined
      : { maxKeys: oneOf(stream, [2, 10, 10_000]), maxAgeMs: oneOf(stream, [100, 5000, 5000, 60_000]) },
    breaker: chance(stream, 0.8),
  };
}

function policyOf(stream: Stream, kind: Kind, name: string): PolicyRule {
  const limit = oneOf(stream, [1, 2, 3, 5, 10, 30, 100, kind === "log" ? 100 : 1000]);
  const burst = kind === "bucket" ? Math.max(1, Math.round(limit * oneOf(stream, [0.2, 1, 1, 3]))) : limit;
  return { kind, name, limit, windowMs: oneOf(stream, WINDOWS_MS), burst };
}

/** From a tenth of the limit to forty times as much, as far as that is neither next to nothing nor more than can be run. */
function callsPerSecond(stream: Stream, { policies }: LimiterRule): number {
  const [first] = policies;
  const due = ((first?.limit ?? 1) * 1000) / (first?.windowMs ?? 1);
  return Math.min(2000, Math.max(20, due * oneOf(stream, [0.1, 0.5, 0.9, 1.1, 2, 4, 40])));
}

function databaseOffset(stream: Stream, clocks: Clocks): number {
  if (clocks === "exact") return 0;
  return clocks === "near" ? between(stream, -200, 200) : between(stream, -HOUR_MS, HOUR_MS);
}

function populationOf(stream: Stream, clocks: Clocks, durationMs: number, aheadMs: number): Population {
  const isOff = clocks === "far" || clocks === "redis";
  const jumpMs = oneOf(stream, [50, 1500, 60_000, HOUR_MS]);
  return {
    isolates: oneOf(stream, [1, 2, 3, 8, 8, 32, 100]),
    regions: ["near", "away"],
    meanLifeMs: oneOf(stream, [Infinity, durationMs, durationMs / 5]),
    gapMs: oneOf(stream, [0, 100, 2000]),
    meanFreezeEveryMs: oneOf(stream, [Infinity, durationMs / 2, durationMs / 10]),
    freezeMs: oneOf(stream, [20, 500, 5000]),
    clock: (isolate) => ({
      offsetMs: clockOffset(isolate, clocks) + aheadMs,
      pace: isOff && chance(isolate, 0.2) ? 1.0001 : 1,
    }),
    meanJumpEveryMs: isOff && chance(stream, 0.5) ? durationMs / 3 : Infinity,
    jump: (isolate) => between(isolate, -jumpMs, jumpMs),
    workers: oneOf(stream, [0, 0.5, 1]),
    noWaitUntil: oneOf(stream, [0, 0, 0.3]),
    deafClients: oneOf(stream, [0, 0.3]),
  };
}

function clockOffset(stream: Stream, clocks: Clocks): number {
  if (clocks === "exact") return 0;
  if (clocks === "near") return between(stream, -150, 150);
  return oneOf(stream, [0, 0, between(stream, -2000, 2000), between(stream, -HOUR_MS, HOUR_MS)]);
}

function weatherOf(stream: Stream, latency: Latency): Plan["weather"] {
  const part = oneOf(stream, [0, 0, 0.001, 0.02]);
  const near = { latency, ...faultsUpTo(stream, part) };
  const factor = oneOf(stream, [1, 1.5]);
  const [least, median, p99, most] = [latency.least, latency.median, latency.p99, latency.most].map(
    (ms) => ms * factor,
  );
  const away = { ...near, latency: { least, median, p99, most } as Latency };
  return (region) => (region === "near" ? near : away);
}

function trafficOf(
  stream: Stream,
  limiters: readonly LimiterRule[],
  perSecond: number,
  durationMs: number,
  { operations = OPERATIONS, afterwards }: Flavour,
): Source[] {
  const common = {
    limiters,
    operations: oneOf(stream, operations),
    mostCost: oneOf(stream, [1, 1, 3, 12]),
    mostWaitMs: oneOf(stream, [10, 300, 3000]),
    acceptsDelay: oneOf(stream, [0, 0, 0.3]),
    leaves: oneOf(stream, [0, 0, 0.05]),
    leavesWithinMs: oneOf(stream, [5, 200]),
    comesBack: oneOf(stream, [0, 0.3, 1]),
    ...(afterwards && { afterwards }),
  };
  const next = callers({ ...common, keys: keysOf(stream, perSecond) });
  const attack = callers({ ...common, keys: oneKey("attacked") });
  const windowMs = limiters[0]?.policies[0]?.windowMs ?? 1000;
  const rates = oneOf(stream, ["even", "waves", "crowd"] as const);
  const rate = {
    even: () => perSecond,
    waves: waves(oneOf(stream, [500, 5000, 20_000]), 0.3, perSecond / 10, perSecond),
    crowd: flashCrowd(durationMs * 0.3, durationMs * 0.6, perSecond / 10, perSecond),
  }[rates];
  const herd = {
    everyMs: Math.max(windowMs, 1000),
    offMs: 0,
    size: between(stream, 2, 60),
    withinMs: oneOf(stream, [0, 1, 50]),
  };
  return [
    poisson(`callers, ${rates}`, perSecond, next, rate),
    ...(chance(stream, 0.3) ? [volleys("herd", herd, next)] : []),
    ...(chance(stream, 0.2)
      ? [poisson("attack", perSecond, attack, flashCrowd(durationMs / 2, durationMs * 0.7, 0, perSecond))]
      : []),
  ];
}

const OPERATIONS: readonly Operations[] = [
  { consume: 1 },
  { consume: 1 },
  { consume: 8, peek: 1, charge: 0.3 },
  { consume: 8, peek: 1, refund: 1 },
  { consume: 8, wait: 2 },
  { consume: 8, peek: 1, refund: 0.5, charge: 0.5, wait: 1, reset: 0.1 },
];

function keysOf(stream: Stream, perSecond: number): NextKey {
  const keys = Math.max(1, Math.round(perSecond / oneOf(stream, [0.2, 5, 50])));
  return oneOf(stream, [
    oneKey("k"),
    evenKeys(keys),
    hotKey(0.5, evenKeys(keys)),
    zipfKeys(oneOf(stream, [100, 10_000, 1_000_000])),
  ]);
}

function incidentsOf(stream: Stream, durationMs: number): Incident[] {
  return [
    ...(chance(stream, 0.3) ? [partitions(durationMs / 4, oneOf(stream, [500, 5000]))] : []),
    ...(chance(stream, 0.3)
      ? [storms(durationMs / 4, 5000, { factor: oneOf(stream, [3, 10]), loss: oneOf(stream, [0, 0.1, 0.5]) })]
      : []),
    ...(chance(stream, 0.2) ? [restarts(durationMs / 3, false)] : []),
    ...(chance(stream, 0.1) ? [restarts(durationMs / 2, true)] : []),
  ];
}

import { flashCrowd, type NextAction, poisson, waves } from "../traffic/arrivals.ts";
import { callers } from "../traffic/callers.ts";
import { partitions, storms } from "../traffic/incidents.ts";
import { evenKeys, hotKey, oneKey } from "../traffic/keys.ts";
import type { Kind, LimiterRule, PolicyRule } from "../world/history.ts";
import type { Latency } from "../world/network.ts";
import type { Plan } from "../world/plan.ts";
import { between, chance, oneOf, type Stream, share, streamOf } from "../world/random.ts";
import { faultsUpTo } from "./faults.ts";
import { partsOf } from "./shares.ts";

const HOUR_MS = 3_600_000;
const NEAR: Latency = { least: 0.2, median: 0.5, p99: 2, most: 10 };
const FAR: readonly Latency[] = [
  { least: 10, median: 20, p99: 40, most: 80 },
  { least: 40, median: 75, p99: 110, most: 200 },
];

/** The same where isolates take ahead from each region: on hot keys, and with bursts that leave room for it. */
export function leasedRegionalPlan(seed: number, calls = 6000): Plan {
  return regionalPlan(seed, calls, (whole) => leased(streamOf(seed, 21), whole));
}

/**
 * A world of one limiter that is split over up to ten databases: partitions, isolates that end, clocks that are hours apart. `changed`: the
 * limiter in place of one.
 */
export function regionalPlan(
  seed: number,
  calls = 6000,
  changed: (whole: LimiterRule) => LimiterRule = (whole) => whole,
): Plan {
  const stream = streamOf(seed, 11);
  const names = Array.from({ length: oneOf(stream, [2, 3, 3, 5, 10]) }, (_, i) => `r${i}`);
  const limiter = changed(limiterOf(stream, names));
  const [policy] = limiter.policies as readonly [PolicyRule];
  const due = (policy.limit * 1000) / policy.windowMs;
  const perSecond = Math.min(2000, Math.max(20, due * oneOf(stream, [0.5, 0.9, 1.1, 2, 4, 40])));
  const durationMs = Math.min(600_000, Math.max(4000, (calls / perSecond) * 1000));
  const most = Math.max(1, Math.floor(Math.min(...limiter.policies.map(({ burst }) => burst)) * share(stream)));
  const asks = callers({
    limiters: [limiter],
    keys: oneOf(stream, [oneKey("k"), hotKey(0.7, evenKeys(5)), evenKeys(3)]),
    operations: oneOf(stream, [{ consume: 1 }, { consume: 20, peek: 1 }, limiter.leases ? { consume: 1 } : waiting]),
    mostCost: oneOf(stream, [1, 3, most, most]),
    // What is lent for no longer than a lease lasts is within what isolates may spend late.
    mostWaitMs: limiter.leases ? 3 * limiter.leases.maxMs : 300,
    // Several policies lend for different times, and which of them is due when is not told.
    acceptsDelay: oneOf(stream, [0, 0, limiter.leases && limiter.policies.length > 1 ? 0 : 0.2]),
    leaves: oneOf(stream, [0, 0.05]),
    leavesWithinMs: 100,
    comesBack: oneOf(stream, [0, 0.3]),
  });
  const next = limiter.leases && limiter.policies.length > 1 ? costingDifferently(asks, limiter) : asks;
  const rate = oneOf(stream, [
    () => perSecond,
    waves(oneOf(stream, [500, 5000]), 0.3, perSecond / 10, perSecond),
    flashCrowd(durationMs * 0.3, durationMs * 0.6, perSecond / 10, perSecond),
  ]);
  const far = oneOf(stream, FAR);
  const part = oneOf(stream, [0, 0.001, 0.02]);
  const faults = faultsUpTo(stream, part);
  return {
    name: `${names.length} regions, ${limiter.policies.map(({ kind }) => kind).join("+")}`,
    durationMs,
    databases: names.map((name) => ({ name, offsetMs: between(stream, -HOUR_MS, HOUR_MS), takesFlags: true })),
    population: {
      isolates: oneOf(stream, [2, 4, 8, 32]),
      regions: names.slice(0, oneOf(stream, [1, names.length, names.length])),
      meanLifeMs: oneOf(stream, [Infinity, durationMs / 2, durationMs / 20]),
      gapMs: oneOf(stream, [0, 100]),
      meanFreezeEveryMs: oneOf(stream, [Infinity, durationMs / 5]),
      freezeMs: oneOf(stream, [20, 500]),
      clock: (isolate) => ({ offsetMs: between(isolate, -HOUR_MS, HOUR_MS), pace: 1 }),
      // A clock set back lengthens a lease by as much: docs/leases.md.
      meanJumpEveryMs: oneOf(stream, [Infinity, durationMs / 3]),
      jump: (isolate) => between(isolate, 1, 60_000),
      workers: oneOf(stream, [0, 0.5, 1]),
      noWaitUntil: oneOf(stream, [0, 0.5, 1]),
      deafClients: 0,
    },
    limiters: [limiter],
    weather: (region, database) => ({ latency: region === database ? NEAR : far, ...faults }),
    traffic: [poisson("callers", perSecond, next, rate)],
    incidents: [
      ...(chance(stream, 0.6) ? [partitions(durationMs / 6, oneOf(stream, [500, 5000]))] : []),
      ...(chance(stream, 0.3) ? [storms(durationMs / 4, 5000, { factor: 10, loss: oneOf(stream, [0, 0.5]) })] : []),
    ],
  };
}

/** Not with leases: what others took before is spent beside what is lent, so the plain definition is no bound there. */
const waiting = { consume: 10, wait: 1 };

/** Half of the callers: up to twice as much of one policy as of another. */
const costingDifferently =
  (asks: NextAction, { policies }: LimiterRule): NextAction =>
  (stream) => {
    const action = asks(stream);
    if (chance(stream, 0.5)) return action;
    const costs = policies.map(({ name }) => [name, between(stream, 0, 2 * action.cost)] as const);
    return { ...action, cost: costs[0]?.[1] ?? 0, costs: Object.fromEntries(costs) };
  };

function leased(stream: Stream, whole: LimiterRule): LimiterRule {
  const shortestMs = Math.min(...whole.policies.map(({ windowMs }) => windowMs));
  const maxMs = Math.max(100, Math.floor(shortestMs * oneOf(stream, [0.05, 0.2, 0.4])));
  const policies = whole.policies.map((policy) => {
    const limit = policy.limit * Math.ceil(policy.windowMs / 5000) * oneOf(stream, [4, 20]);
    return { ...policy, limit, burst: limit * (policy.kind === "bucket" ? oneOf(stream, [1, 2]) : 1) };
  });
  // What the databases have is less by what refills while units are held.
  const lowered = policies.map((policy) => {
    const refill = policy.kind === "bucket" ? Math.ceil((policy.limit * maxMs) / policy.windowMs) : 0;
    return { ...policy, burst: policy.burst - refill };
  });
  const names = (whole.regions ?? []).map(({ database }) => database);
  const rule = { ...whole, leases: { maxMs } };
  return { ...rule, policies, regions: partsOf({ ...rule, policies: lowered }, names) };
}

function limiterOf(stream: Stream, names: readonly string[]): LimiterRule {
  const kinds: readonly Kind[] = ["bucket", "bucket", "sliding", "fixed"];
  const policies = Array.from({ length: oneOf(stream, [1, 1, 1, 2]) }, (_, i): PolicyRule => {
    const kind = oneOf(stream, kinds);
    const windowMs = oneOf(stream, [1000, 5000, 20_000, 60_000]);
    const limit = oneOf(stream, [7, 20, 100, 500]) + between(stream, 0, 9);
    const burst = kind === "bucket" ? Math.max(1, Math.round(limit * oneOf(stream, [0.3, 1, 2]))) : limit;
    return { kind, name: `p${i}`, limit, windowMs, burst };
  });
  const even = chance(stream, 0.5);
  const shares = Object.fromEntries(names.map((name) => [name, even ? 1 : between(stream, 0, 9)]));
  if (Object.values(shares).every((weight) => weight === 0)) shares[names[0] as string] = 1;
  const whole: LimiterRule = {
    name: "api",
    database: names[0] as string,
    policies,
    clock: "redis",
    timeoutMs: oneOf(stream, [300, 1000]),
    failureMode: oneOf(stream, ["open", "closed", "memory"]),
    snapshots: chance(stream, 0.2) ? undefined : { maxKeys: 100, maxAgeMs: 5000 },
    breaker: chance(stream, 0.8),
    shares,
  };
  return { ...whole, regions: partsOf(whole, names) };
}

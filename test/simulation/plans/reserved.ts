import type { Action, Afterwards, LimiterRule, Operation } from "../world/history.ts";
import type { Plan } from "../world/plan.ts";
import { between, chance, oneOf, type Stream, share, streamOf } from "../world/random.ts";
import { type Clocks, COMBINE, changed, type Flavour, inOrder, limiterOf, swarmPlan, together } from "./swarm.ts";
import { windowsFlavour } from "./windows.ts";

/** Without refunds that don't say since when, of which nobody can tell to what they go back. */
const OPERATIONS: readonly Readonly<Partial<Record<Operation, number>>>[] = [
  { consume: 1, reserve: 1 },
  { reserve: 1 },
  { consume: 4, reserve: 4, peek: 1, charge: 0.3 },
  { consume: 2, reserve: 6, wait: 2 },
  { consume: 4, reserve: 4, peek: 1, reset: 0.05 },
];

/** A world of a swarm whose callers reserve and settle, give back what they took, and ask limiters in order; every other one with the windows of `windowsPlan`. */
export function reservedPlan(seed: number, calls = 14_000): Plan {
  const flavour: Flavour = {
    ...(seed % 2 === 0 && windowsFlavour(seed)),
    ...{ operations: OPERATIONS, afterwards },
    more: (limiters, clocks) => [orderOf(limiters), ...nested(streamOf(seed, 20), limiters, clocks, flavour)],
  };
  return swarmPlan(seed, calls, flavour);
}

/** Those that stand alone, as one that asks them in order. Where there is one alone it is asked in order, too. */
function orderOf(limiters: readonly LimiterRule[]): LimiterRule {
  return inOrder(limiters.filter(({ levels }) => !levels).toReversed());
}

/**
 * In every other world: several as one, and one that asks such and limiters alone in order. A limiter may be a level of several of
 * them, as where a user's limit holds whether the plan pays or credits do.
 */
function nested(
  stream: Stream,
  limiters: readonly LimiterRule[],
  clocks: Clocks,
  flavour: Flavour,
): readonly LimiterRule[] {
  if (!chance(stream, 0.5)) return [];
  const fresh = ["plan", "credits"].map((name) => changed(limiterOf(stream, name, clocks, COMBINE), flavour));
  const known = limiters.filter(({ levels, policies }) => !levels && policies[0]?.kind !== "log");
  const pool = [...known.slice(0, 1), ...fresh];
  const sets = shuffled(stream, subsets(pool)).slice(0, between(stream, 2, 3));
  // At least one has several.
  const members = (sets.some(({ length }) => length > 1) ? sets : [pool, ...sets]).map((levels) =>
    levels.length > 1 ? together(levels) : (levels[0] as LimiterRule),
  );
  return [...fresh, ...members.filter(({ levels }) => levels), inOrder(members)];
}

/** All that hold something, each in the order of the list. */
const subsets = <T>([first, ...others]: readonly T[]): T[][] =>
  first === undefined ? [] : [[first], ...subsets(others).flatMap((own) => [own, [first, ...own]])];

function shuffled<T>(stream: Stream, list: readonly T[]): T[] {
  return list
    .map((one) => ({ one, by: share(stream) }))
    .sort((a, b) => a.by - b.by)
    .map(({ one }) => one);
}

/**
 * At once, while the cost counts, around the end of its window, or when it is long over; sometimes twice at once. Of some reservations
 * the scope ends unsettled, in time to give back or too late.
 */
function afterwards(stream: Stream, { operation, limiter, cost }: Action): Afterwards | undefined {
  if (operation !== "reserve" && !(operation === "consume" && chance(stream, 0.4))) return undefined;
  const settles = operation === "reserve";
  const windowMs = Math.min(10_000, limiter.policies[0]?.windowMs ?? 0);
  const wish: Afterwards = {
    operation: settles ? "settle" : limiter.members && chance(stream, 0.3) ? "charge" : "refund",
    afterMs: share(stream) * oneOf(stream, [0, 5, 300, windowMs, 3 * windowMs]),
    units: settles ? between(stream, 0, 2 * cost) : between(stream, 0, cost),
    times: settles ? oneOf(stream, [1, 1, 1, 2]) : 1,
    where: !settles && chance(stream, 0.6) ? share(stream) : undefined,
  };
  if (!settles || !chance(stream, 0.4)) return wish;
  const withinMs = oneOf(stream, [5, 300, windowMs]);
  return chance(stream, 0.6) ? { ...wish, withinMs, units: 0, endsScope: true } : { ...wish, withinMs };
}

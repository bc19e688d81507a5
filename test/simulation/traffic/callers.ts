import type { Action, Afterwards, LimiterRule, Operation } from "../world/history.ts";
import { allLevelsIn } from "../world/levels.ts";
import { between, chance, oneOf, type Stream, share } from "../world/random.ts";
import type { NextAction } from "./arrivals.ts";
import type { NextKey } from "./keys.ts";

export interface Callers {
  readonly limiters: readonly LimiterRule[];
  readonly keys: NextKey;
  /** How often each operation is asked for, by weight. */
  readonly operations: Readonly<Partial<Record<Operation, number>>>;
  /** The highest cost; most calls cost 1. */
  readonly mostCost: number;
  /** For `wait`, and for the share of consumes that accept a delay: up to so many ms. */
  readonly mostWaitMs: number;
  readonly acceptsDelay: number;
  /** For `block`: up to so many ms. Default 1000. */
  readonly mostBlockMs?: number;
  /** The share of callers who leave before they are answered, within so many ms. */
  readonly leaves: number;
  readonly leavesWithinMs: number;
  /** The share of callers who come back when they were told to. */
  readonly comesBack: number;
  /** What they do with what they got. Default: nothing. */
  readonly afterwards?: (stream: Stream, action: Action) => Afterwards | undefined;
}

const IN_ORDER: readonly Operation[] = ["consume", "reserve", "peek", "reset"];

/** Of several in order, charges and refunds tell for which call; nobody but one limiter with a penalty blocks. */
function isOf({ members, levels, penalty }: LimiterRule, operation: Operation): boolean {
  if (operation === "block") return penalty !== undefined && !levels;
  return !members || IN_ORDER.includes(operation);
}

/** Callers who want this and that. */
export function callers(options: Callers): NextAction {
  const { limiters, keys, mostCost, acceptsDelay, leaves, leavesWithinMs, comesBack, afterwards } = options;
  const { mostWaitMs, mostBlockMs = 1000 } = options;
  const operations = Object.entries(options.operations) as [Operation, number][];
  return (stream): Action => {
    const wanted = weighted(stream, operations);
    const waits = wanted === "wait" || (wanted === "consume" && chance(stream, acceptsDelay));
    const limiter = oneOf(stream, limiters);
    const operation = isOf(limiter, wanted) ? wanted : "consume";
    const mostMs = operation === "block" ? mostBlockMs : waits ? mostWaitMs : undefined;
    const ofLevels = keysOf(limiter, () => keys(stream));
    const action: Action = {
      limiter,
      operation,
      key: ofLevels?.join(" and ") ?? keys(stream),
      keys: ofLevels,
      cost: mostCost > 1 && chance(stream, 0.3) ? between(stream, 0, mostCost) : 1,
      waitMs: mostMs === undefined ? 0 : between(stream, Number(operation === "block"), mostMs),
      leavesAfterMs: chance(stream, leaves) ? share(stream) * leavesWithinMs : undefined,
      comesBack: (operation === "consume" || operation === "reserve") && chance(stream, comesBack),
    };
    return afterwards ? { ...action, afterwards: afterwards(stream, action) } : action;
  };
}

/** Where several are decided together: the key of each. One limiter has one key, wherever it stands. */
function keysOf(limiter: LimiterRule, next: () => string): readonly string[] | undefined {
  if (!limiter.levels && !limiter.members?.some(({ levels }) => levels)) return undefined;
  const byName = new Map<string, string>();
  return allLevelsIn(limiter).map(({ name }) => {
    const key = byName.get(name) ?? next();
    byName.set(name, key);
    return key;
  });
}

/** Callers who only consume one unit, and take no for an answer. */
export function consumers(limiter: LimiterRule, keys: NextKey): NextAction {
  const wish = {
    limiter,
    operation: "consume",
    cost: 1,
    waitMs: 0,
    leavesAfterMs: undefined,
    comesBack: false,
  } as const;
  return (stream) => ({ ...wish, key: keys(stream) });
}

function weighted<T>(stream: Stream, list: readonly (readonly [T, number])[]): T {
  let left = share(stream) * list.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [one, weight] of list) {
    left -= weight;
    if (left < 0) return one;
  }
  return (list[0] as readonly [T, number])[0];
}

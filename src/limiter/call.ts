import { type Algorithm, type Demand, NO_CEILING, onlyLook, type State } from "../algorithm/algorithm.ts";
import type { Program } from "../algorithm/program.ts";
import { countsOf } from "../algorithm/step.ts";
import type { Decision, KnownDecision, RuleDecision } from "../core/decision.ts";
import type { PolicyInForce } from "./amounts.ts";
import type { Unchecked } from "./call-options.ts";

/**
 * What a call asks of the store; `"leave"` gives back a place in a bucket's queue if nobody has queued behind it, `"block"` blocks the key
 * of a penalty.
 */
export type Task = "consume" | "peek" | "refund" | "charge" | "leave" | "block";

/** What an operation cost so far, over all its calls. */
export interface Spent {
  /** Ms that the store took; left out if it was not asked. */
  storeMs?: number;
}

/** By a key's place, the state behind what a wait has taken. */
export type Taken = Record<string, State>;

/** One checked call of a limiter's method. */
export interface Call {
  readonly task: Task;
  /** The key as the caller gave it. */
  readonly key: string;
  /** Where the key's state lies in the store. */
  readonly place: string;
  /** The policies with this call's limits. */
  readonly policies: readonly PolicyInForce[];
  /** The call's own limits as text, empty if it has none. What was seen under other limits is not used. */
  readonly limits: string;
  /** What the call costs each policy; below 0 what a refund that settles a reservation takes more. */
  readonly costs: readonly number[];
  readonly maxDelayMs: number;
  /** Longest wait for the store, if shorter than the limiter's own. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** The options as the caller gave them. */
  readonly options: Unchecked;
  readonly spent: Spent;
  /** Of a wait: set by what takes, and read where that is given back. */
  readonly taken: Taken | undefined;
  /** The decision on the call whose cost is given back, if the caller told it. */
  readonly since: Decision | undefined;
  /** When that call took its cost, by the store's time, ms. */
  readonly takenAt: number | undefined;
  /** The decision on a reservation of which exactly what was reserved was used, so that there is nothing to book. */
  readonly settled: KnownDecision | false | undefined;
  /** What it was served from without a request, to put it back there. */
  servedFrom?: unknown;
  /** The store's state that its answer follows from, where that is one. */
  state?: State;
  /** The answer, where an operator's rule decides. */
  readonly ruled?: RuleDecision;
  /** Whether a denial is a strike, where there is a penalty. */
  readonly strikes?: boolean;
}

/** What the call asks of each policy if it were carried out as `task`, at `now` by the caller's clock. */
export function demandsOf(
  { algorithms }: Program,
  call: Pick<Call, "policies" | "costs" | "maxDelayMs"> & Partial<Pick<Call, "takenAt" | "place" | "taken">>,
  task: Task,
  now?: number,
): Demand[] {
  const since = call.takenAt === undefined ? undefined : { since: call.takenAt };
  const demands = new Array<Demand>(algorithms.length);
  for (let i = 0; i < demands.length; i += 1) {
    const algorithm = algorithms[i] as Algorithm;
    const policy = call.policies[i] as PolicyInForce;
    let demand = algorithm.demand(policy, call.costs[i] as number, call.maxDelayMs, now);
    // Under 0 no cost is taken, so what is booked or given back is another call's.
    const delta = policy.uncounted || task === "leave" ? 0 : demand.delta;
    if (policy.uncounted !== undefined) demand = { ...demand, delta, ceiling: NO_CEILING };
    if (task === "peek") demands[i] = { ...demand, ceiling: onlyLook(demand.ceiling) };
    else if (task === "refund") {
      // What was used beyond a reservation is taken now.
      demands[i] = { ...demand, ...(demand.delta > 0 && since), delta: -demand.delta, ceiling: NO_CEILING };
    } else if (task === "charge") demands[i] = { ...demand, ceiling: NO_CEILING };
    else if (task === "leave") {
      const { delta: own, ceiling, pace } = demand;
      const { [call.place as string]: state = [0] as const } = call.taken ?? {};
      const load = algorithm.load(countsOf(algorithms, state, i), state[0], demand);
      // A bucket without what was taken is whole by then. One in which more is missing than up to here has lent to somebody behind, whose
      // turn would not move up.
      demands[i] = algorithm.delayMs
        ? { ...demand, since: Math.floor(state[0] + (load - own) / pace), delta: -own, ceiling: ceiling - own }
        : { ...demand, ...since, delta: -own, ceiling: NO_CEILING };
    } else demands[i] = demand;
  }
  return demands;
}

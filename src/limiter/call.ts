import { type Demand, NO_CEILING, onlyLook } from "../algorithm/algorithm.js";
import type { Policy } from "../algorithm/policy.js";
import type { Program } from "../algorithm/program.js";

export type Operation = "consume" | "peek" | "refund" | "charge";

/** One checked call of a limiter's method. */
export interface Call {
  readonly operation: Operation;
  /** Where the key's state lies in the store. */
  readonly place: string;
  /** The policies with this call's limits. */
  readonly policies: readonly Policy[];
  /** What the call costs each policy. */
  readonly costs: readonly number[];
  readonly maxDelayMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What the call asks of each policy if it were carried out as `operation`. */
export function demandsOf({ algorithms }: Program, call: Call, operation: Operation): Demand[] {
  return algorithms.map((algorithm, i) => {
    const policy = call.policies[i] as Policy;
    const demand = algorithm.demand(policy, call.costs[i] as number, call.maxDelayMs);
    if (operation === "peek") return { ...demand, ceiling: onlyLook(demand.ceiling) };
    if (operation === "refund") return { ...demand, delta: -demand.delta, ceiling: NO_CEILING };
    if (operation === "charge") return { ...demand, ceiling: NO_CEILING };
    return demand;
  });
}

import { type Algorithm, type Demand, NO_CEILING, onlyLook } from "../algorithm/algorithm.ts";
import type { Policy } from "../algorithm/policy.ts";
import type { Program } from "../algorithm/program.ts";

export type Operation = "consume" | "peek" | "refund" | "charge";

/** One checked call of a limiter's method. */
export interface Call {
  readonly operation: Operation;
  /** Where the key's state lies in the store. */
  readonly place: string;
  /** The policies with this call's limits. */
  readonly policies: readonly Policy[];
  /** The call's own limits as text, empty if it has none. */
  readonly limits: string;
  /** What the call costs each policy. */
  readonly costs: readonly number[];
  readonly maxDelayMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What the call asks of each policy if it were carried out as `operation`. */
export function demandsOf({ algorithms }: Program, call: Call, operation: Operation): Demand[] {
  const demands = new Array<Demand>(algorithms.length);
  for (let i = 0; i < demands.length; i += 1) {
    const demand = (algorithms[i] as Algorithm).demand(
      call.policies[i] as Policy,
      call.costs[i] as number,
      call.maxDelayMs,
    );
    if (operation === "peek") demands[i] = { ...demand, ceiling: onlyLook(demand.ceiling) };
    else if (operation === "refund") demands[i] = { ...demand, delta: -demand.delta, ceiling: NO_CEILING };
    else if (operation === "charge") demands[i] = { ...demand, ceiling: NO_CEILING };
    else demands[i] = demand;
  }
  return demands;
}

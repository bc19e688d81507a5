import type { KnownDecision } from "../core/decision.ts";
import type { Call } from "./call.ts";
import { decide } from "./decide.ts";

/**
 * The decision on a call that its own limits decide, whatever the state: it asks something of a policy with a limit of 0, or
 * no policy counts anything.
 */
export function uncountedDecision(call: Call): KnownDecision | undefined {
  const { policies, costs } = call;
  const blocked = policies.filter(({ uncounted }, i) => uncounted === 0 && costs[i]);
  const allowed = blocked.length === 0;
  if (allowed && policies.some(({ uncounted }) => uncounted === undefined)) return undefined;
  // Of the others nobody knows the counts.
  const told = allowed ? policies : blocked;
  const algorithms = told.map(({ algorithm }) => algorithm);
  const reply = { allowed, state: [0] as const };
  return decide(algorithms, { ...call, policies: told, costs: told.map(() => 1) }, reply, 0, "snapshot");
}

import type { DecisionEvent } from "../core/event.ts";

/**
 * What a limiter's call came to. `"denied-by-another"`: this limiter would have let it pass, another one of the same `allOf`
 * denied it, so nothing was taken.
 */
export type Outcome = "allowed" | "denied" | "denied-by-another";

/** What became of the call, as seen by the limiter of the event. */
export function outcomeOf({ limiter, decision, whole }: DecisionEvent): Outcome {
  if ((whole ?? decision).allowed) return "allowed";
  const own = decision === whole ? bindingLimiter(decision) === limiter : !decision.allowed;
  return own || !whole ? "denied" : "denied-by-another";
}

/** The name of the limiter that binds in a decision on several. */
const bindingLimiter = (decision: object): unknown => (decision as { limiter?: unknown }).limiter;

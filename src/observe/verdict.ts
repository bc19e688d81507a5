import type { Decision } from "../core/decision.ts";
import type { DecisionEvent } from "../core/event.ts";

/**
 * What a limiter's call came to. `"denied-by-another"`: this limiter would have let it pass, another one of the same `allOf`
 * denied it, so nothing was taken.
 */
export type Outcome = "allowed" | "denied" | "denied-by-another";

/** What became of a call, and the policy that binds; `""` where there is no telling which one of this limiter does. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly policy: string;
}

/** Whether it is a call of `allOf` in which another limiter binds: that one's event tells the same call, too. */
export function isBeside({ limiter, whole }: DecisionEvent): boolean {
  return whole !== undefined && bindingOf(whole) !== limiter;
}

/** The name of the limiter that binds in a decision of `allOf`. */
const bindingOf = (whole: Decision) => (whole as { readonly limiter?: unknown }).limiter;

/** The verdict as the limiter of the event sees it. */
export function verdictOf({ limiter, decision, whole }: DecisionEvent): Verdict {
  const { policy } = decision;
  if ((whole ?? decision).allowed) return { outcome: "allowed", policy };
  if (!whole) return { outcome: "denied", policy };
  if (decision !== whole) return { outcome: decision.allowed ? "denied-by-another" : "denied", policy };
  // Without a part of its own it is told the whole, which names the limiter that binds and a policy of that one.
  return bindingOf(whole) === limiter ? { outcome: "denied", policy } : { outcome: "denied-by-another", policy: "" };
}

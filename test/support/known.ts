import type { Decision, KnownDecision } from "../../src/core/decision.ts";

/** The decision with its counts; throws if there are none. */
export function known(decision: Decision): KnownDecision {
  if (decision.source === "fallback") throw decision.error;
  if (!("policies" in decision)) throw new Error(`${decision.policy}: nothing was counted`);
  return decision;
}

import type { KnownDecision, PolicyStatus } from "../../core/decision.ts";

/** As decisions of several limiters have it, and decisions of one don't. */
interface Leveled {
  readonly level?: string;
}

/** The decision as responses tell it: a policy of several limiters by the name of its level, too, as in `"user/burst"`. */
export function labelled(decision: KnownDecision & Leveled): KnownDecision {
  if (decision.level === undefined) return decision;
  const named = <T extends Leveled & Pick<PolicyStatus, "policy">>(told: T): T => ({
    ...told,
    policy: `${told.level}/${told.policy}`,
  });
  return { ...named(decision), policies: decision.policies.map(named) };
}

import type { Decision } from "../core/decision.ts";
import type { StoreErrorKind } from "../core/errors.ts";

/** How many decisions came from where, since the counter was made. */
export interface DecisionCounts {
  /** By source: how many were allowed. `"fallback"` were let through blindly, `"memory"` by one isolate's own counts. */
  readonly allowed: Readonly<Record<Decision["source"], number>>;
  /** By source: how many were denied. */
  readonly denied: Readonly<Record<Decision["source"], number>>;
  /** By kind of the error: how many the store could not answer. */
  readonly failed: Readonly<Record<StoreErrorKind, number>>;
}

/** Counts decisions: give `onDecision` to one limiter or to several, and read `counts` for metrics. */
export interface DecisionCounter {
  readonly onDecision: (decision: Decision) => void;
  /** A copy of the counts as of now. */
  counts(): DecisionCounts;
}

/** A counter of decisions, all zero; plain numbers of this isolate. */
export function countDecisions(): DecisionCounter {
  const bySource = () => ({ store: 0, snapshot: 0, memory: 0, fallback: 0 });
  const allowed = bySource();
  const denied = bySource();
  const failed = { timeout: 0, network: 0, auth: 0, reply: 0 };
  return {
    onDecision(decision) {
      (decision.allowed ? allowed : denied)[decision.source] += 1;
      if (decision.error) failed[decision.error.kind] += 1;
    },
    counts: () => ({ allowed: { ...allowed }, denied: { ...denied }, failed: { ...failed } }),
  };
}

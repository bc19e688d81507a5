import type { Decision } from "../core/decision.ts";
import type { StoreErrorKind } from "../core/errors.ts";
import type { LimiterEvent, Observer } from "../core/event.ts";
import { decides } from "./decides.ts";

/** How many calls were answered in which way, since the counter was made. */
export interface DecisionCounts {
  /** By source: how many were allowed. `"fallback"` were let through blindly, `"memory"` by one isolate's own counts. */
  readonly allowed: Readonly<Record<Decision["source"], number>>;
  /** By source: how many were denied. */
  readonly denied: Readonly<Record<Decision["source"], number>>;
  /** By kind of the error: how many of these the store could not answer. */
  readonly failed: Readonly<Record<StoreErrorKind, number>>;
}

/** An observer that counts: give it to `onEvent` of one limiter or of several, and read `counts` for metrics. */
export interface DecisionCounter extends Observer {
  /** A copy of the counts as of now. */
  counts(): DecisionCounts;
}

/**
 * A counter of decisions, all zero; plain numbers of this isolate. Each `consume`, `wait`, `reserve` and `hold` counts once; looking,
 * booking and giving back decide nothing, so they don't count. A call of `allOf` counts as what all of it came to.
 */
export function countDecisions(): DecisionCounter {
  const bySource = () => ({ store: 0, snapshot: 0, lease: 0, memory: 0, fallback: 0, rule: 0, penalty: 0 });
  const allowed = bySource();
  const denied = bySource();
  const failed = { timeout: 0, network: 0, auth: 0, reply: 0 };
  function observe(event: LimiterEvent): void {
    if (event.type !== "decision" || !decides(event.operation)) return;
    const { source, error, ...decision } = event.whole ?? event.decision;
    (decision.allowed ? allowed : denied)[source] += 1;
    if (error) failed[error.kind] += 1;
  }
  return Object.assign(observe, {
    counts: () => ({ allowed: { ...allowed }, denied: { ...denied }, failed: { ...failed } }),
  });
}

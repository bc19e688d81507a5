import type { FallbackDecision } from "../core/decision.ts";
import type { StoreError } from "../core/errors.ts";
import type { Call } from "./call.ts";
import type { FailureMode } from "./checked-options.ts";

/** Most keys that an isolate counts by itself while the store can't be asked. */
export const SPARE_KEYS = 10_000;

/** When to come back if nobody knows the counts, in ms, at the earliest. */
export const RETRY_AFTER_MS = 1000;

/**
 * The answer where nothing counts the call, as in failure modes `"open"` and `"closed"`: no counts are invented. Bookings
 * are never denied. `pauseMs`: so long the store will not be asked.
 */
export function fallbackDecision(mode: FailureMode, call: Call, error: StoreError, pauseMs: number): FallbackDecision {
  const [policy] = call.policies;
  const allowed = mode !== "closed" || call.task === "charge" || call.task === "refund";
  return {
    allowed,
    policy: policy?.name ?? "",
    limit: policy?.limit ?? 0,
    retryAfterMs: allowed ? 0 : Math.max(RETRY_AFTER_MS, pauseMs),
    delayMs: 0,
    source: "fallback",
    error,
  };
}

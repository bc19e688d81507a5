import type { FallbackDecision } from "../core/decision.js";
import type { StoreError } from "../core/errors.js";
import type { Call } from "./call.js";

/** When to come back if nobody knows the counts, in ms. */
const RETRY_AFTER_MS = 1000;

/** The answer of failure modes `"open"` and `"closed"`: no counts are invented. Bookings are never denied. */
export function fallbackDecision(mode: "open" | "closed", call: Call, error: StoreError): FallbackDecision {
  const [policy] = call.policies;
  const allowed = mode === "open" || call.operation === "charge" || call.operation === "refund";
  return {
    allowed,
    policy: policy?.name ?? "",
    limit: policy?.limit ?? 0,
    retryAfterMs: allowed ? 0 : RETRY_AFTER_MS,
    delayMs: 0,
    source: "fallback",
    error,
  };
}

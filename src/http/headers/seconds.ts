import type { Decision, KnownDecision, PolicyStatus } from "../../core/decision.ts";

/** Whole seconds in which these ms are over, at least 1: who waits that long has waited long enough. */
const secondsOf = (ms: number) => Math.max(1, Math.ceil(ms / 1000));

/** `Retry-After` of a denial; left out if the request was allowed, and if its cost can never pass. */
export function retryAfterSeconds({ allowed, retryAfterMs }: Decision): number | undefined {
  return allowed || retryAfterMs === Infinity ? undefined : secondsOf(retryAfterMs);
}

/**
 * The window, rounded up, in which a policy gives `burst`: a bucket of 10 per second with a burst of 20 gives 20 in 2 s.
 * For every other policy `burst` is the limit, which may be 0, and this its window.
 */
export function windowSeconds({ burst, limit, windowMs }: PolicyStatus): number {
  return secondsOf((burst / limit || 1) * windowMs);
}

/** Until this call's cost passes, if the policy denied it and ever will let it pass; else until the quota is whole. */
export function resetSeconds(status: PolicyStatus): number {
  const { retryAfterMs, resetAfterMs } = status;
  if (retryAfterMs > 0 && retryAfterMs < Infinity) return secondsOf(retryAfterMs);
  return resetAfterMs === 0 ? 0 : Math.min(secondsOf(resetAfterMs), windowSeconds(status));
}

/** The policy that a decision is about, for dialects that tell only one; the first if that one has no limit. */
export function bindingPolicy({ policy, policies }: KnownDecision): PolicyStatus {
  return policies.find((status) => status.policy === policy) ?? (policies[0] as PolicyStatus);
}

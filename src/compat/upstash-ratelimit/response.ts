import type { Policy } from "../../algorithm/policy.ts";
import type { KnownDecision } from "../../core/decision.ts";
import type { RatelimitResponse, Remaining } from "./algorithm.ts";

/** The response without work behind it. */
export const responseOf = (decision: KnownDecision, policy: Policy): RatelimitResponse => ({
  success: decision.allowed,
  ...quotaOf(decision, policy),
  pending: Promise.resolve(),
  ...(!decision.allowed && decision.source !== "store" && { reason: "cacheBlock" }),
});

/** What a decision tells of the quota. */
export function quotaOf(decision: KnownDecision, policy: Policy): Remaining {
  const { burst, remaining } = decision;
  return { limit: burst, remaining, reset: resetOf(decision, policy) };
}

function resetOf({ allowed, at, source, retryAfterMs, resetAfterMs }: KnownDecision, policy: Policy): number {
  const { algorithm, windowMs } = policy;
  const clock = Date.now();
  // As of the state's time, so that two answers on one state tell the same; but leases tell when they were taken.
  const from = source === "lease" ? clock : Math.min(at, clock);
  if (!allowed && retryAfterMs < Infinity) return from + retryAfterMs;
  return algorithm.code === "b" ? from + resetAfterMs : from - (from % windowMs) + windowMs;
}

/** A value is on the deny list. */
export const deniedResponse = (deniedValue: string | undefined): RatelimitResponse => ({
  success: false,
  limit: 0,
  remaining: 0,
  reset: 0,
  pending: Promise.resolve(),
  reason: "denyList",
  deniedValue,
});

/** This isolate was told that the identifier is blocked. */
export const blockedResponse = (limit: number, reset: number): RatelimitResponse => ({
  success: false,
  limit,
  remaining: 0,
  reset,
  pending: Promise.resolve(),
  reason: "cacheBlock",
});

/** Redis did not answer in time. */
export const timeoutResponse = (): RatelimitResponse => ({
  success: true,
  limit: 0,
  remaining: 0,
  reset: 0,
  pending: Promise.resolve(),
  reason: "timeout",
});

/** The same response with more work behind it. */
export function withPending(response: RatelimitResponse, tasks: readonly Promise<unknown>[]): RatelimitResponse {
  if (tasks.length === 0) return response;
  return { ...response, pending: Promise.all([response.pending, ...tasks]) };
}

import type { KnownDecision, PolicyStatus } from "../../core/decision.ts";
import type { Dialect } from "./dialect.ts";
import { resetSeconds, retryAfterSeconds, windowSeconds } from "./seconds.ts";

/** The largest Integer of a structured field (RFC 9651, section 3.3.1). */
const MAX_INTEGER = 999_999_999_999_999;

/**
 * `RateLimit-Policy` and `RateLimit`: lists of named policies, to which each limiter of a response adds its own. A bucket
 * is told by its burst and the time that refills it, so `r` never exceeds `q`. `t` never ends after `Retry-After`.
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11
 */
export const standardFields: Dialect = {
  names: ["RateLimit", "RateLimit-Policy"],
  write(headers, decision) {
    const { policies } = decision;
    headers.append("RateLimit-Policy", policies.map(policyItem).join(", "));
    headers.append("RateLimit", policies.map((status) => limitItem(status, decision)).join(", "));
  },
};

function policyItem(status: PolicyStatus): string {
  const { burst, unit } = status;
  return `${name(status)};q=${integer(burst)};${unit ? `qu="${unit}"` : `w=${windowSeconds(status)}`}`;
}

function limitItem(status: PolicyStatus, decision: KnownDecision): string {
  const seconds = resetSeconds(status);
  const told = status.retryAfterMs < Infinity && seconds <= (retryAfterSeconds(decision) ?? Infinity);
  return `${name(status)};r=${integer(status.remaining)}${told ? `;t=${seconds}` : ""}`;
}

/** Names are printable ASCII, whose JSON is a String of structured fields. */
const name = ({ policy }: PolicyStatus) => JSON.stringify(policy);

const integer = (value: number) => Math.min(value, MAX_INTEGER);

import type { KnownDecision } from "../../core/decision.ts";
import { numberedPolicies } from "./numbered-policies.ts";
import { threeFields } from "./three-fields.ts";

/**
 * `RateLimit-Limit`, `-Remaining` and `-Reset` of the policy that binds, and `RateLimit-Policy` with all of them.
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06
 */
export function draft6Fields(headers: Headers, decision: KnownDecision): void {
  headers.append("RateLimit-Policy", numberedPolicies(decision));
  threeFields("RateLimit", headers, decision);
}

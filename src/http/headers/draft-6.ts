import type { Dialect } from "./dialect.ts";
import { numberedPolicies } from "./numbered-policies.ts";
import { threeFields } from "./three-fields.ts";

/**
 * `RateLimit-Limit`, `-Remaining` and `-Reset` of the policy that binds, and `RateLimit-Policy` with all of them.
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06
 */
export const draft6Fields: Dialect = {
  names: ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy"],
  write(headers, decision) {
    headers.append("RateLimit-Policy", numberedPolicies(decision));
    threeFields("RateLimit", headers, decision);
  },
};

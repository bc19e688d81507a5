import type { Dialect } from "./dialect.ts";
import { threeFields } from "./three-fields.ts";

/**
 * `X-RateLimit-Limit`, `-Remaining` and `-Reset` of the policy that binds, `Reset` in seconds to wait. No document defines
 * them; this is how the drafts before the seventh, and async-ratelimit, have them.
 * https://datatracker.ietf.org/doc/html/draft-polli-ratelimit-headers-02
 */
export const legacyFields: Dialect = {
  names: ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"],
  write: (headers, decision) => threeFields("X-RateLimit", headers, decision),
};

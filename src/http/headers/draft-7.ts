import type { Dialect } from "./dialect.ts";
import { numberedPolicies } from "./numbered-policies.ts";
import { bindingPolicy, resetSeconds } from "./seconds.ts";

/**
 * `RateLimit` as a dictionary of the policy that binds, and `RateLimit-Policy` with all of them. A dictionary has room for
 * one policy: of several limiters the scarcest is told.
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-07
 */
export const draft7Fields: Dialect = {
  names: ["RateLimit", "RateLimit-Policy"],
  write(headers, decision) {
    const status = bindingPolicy(decision);
    headers.append("RateLimit-Policy", numberedPolicies(decision));
    const told = /\bremaining=(\d+)/.exec(headers.get("RateLimit") ?? "");
    if (told && Number(told[1]) <= status.remaining) return;
    const { burst, remaining } = status;
    headers.set("RateLimit", `limit=${burst}, remaining=${remaining}, reset=${resetSeconds(status)}`);
  },
};

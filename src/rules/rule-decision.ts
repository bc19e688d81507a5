import type { RuleDecision } from "../core/decision.ts";
import { withoutInfinity } from "../limiter/json.ts";
import type { Rule } from "./rule.ts";

/** The answer that a rule gives at `at`; `undefined` for a rule that gives limits. */
export function ruleDecision({ what, why, until }: Rule, at: number): RuleDecision | undefined {
  if (what === "limit") return undefined;
  const allowed = what === "allow";
  const decision: RuleDecision = {
    allowed,
    policy: "rule",
    rule: { what, ...(why !== undefined && { why }), ...(until !== undefined && { until }) },
    retryAfterMs: allowed ? 0 : (until ?? Infinity) - at,
    delayMs: 0,
    source: "rule",
  };
  return withoutInfinity(decision);
}

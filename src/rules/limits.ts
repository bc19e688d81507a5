import { type Policy, withLimit } from "../algorithm/policy.ts";
import type { Rule } from "./rule.ts";

/**
 * The limits by policy under a rule, which come before the call's own. What the rule says of policies that this limiter has not, or
 * that a policy can't have, is left out: it was made for another limiter, or for one of another version.
 */
export function limitsUnder(
  { limits }: Rule,
  policies: readonly Policy[],
  own: unknown,
): Readonly<Record<string, number>> {
  const named = new Map(Object.entries(typeof own === "object" && own !== null ? own : {}));
  const inForce = policies.flatMap((policy): [string, number][] => {
    const { name } = policy;
    const ruled = limits && Object.hasOwn(limits, name) ? limits[name] : undefined;
    if (ruled !== undefined && canHave(policy, ruled)) return [[name, ruled]];
    const limit = typeof own === "object" ? named.get(name) : own;
    return limit === undefined ? [] : [[name, limit as number]];
  });
  return Object.fromEntries(inForce);
}

/** Whether a policy can have this limit: what is counted must stay a whole number. */
export function canHave(policy: Policy, limit: number): boolean {
  try {
    return limit === 0 || withLimit(policy, limit).limit === limit;
  } catch {
    return false;
  }
}

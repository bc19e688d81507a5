import type { CallMade, PolicyRule, RuleMade } from "../world/history.ts";
import type { Level } from "./levels.ts";
import { type Readings, ruleFor } from "./readings.ts";

/**
 * The policies by which a call is decided on one of its limiters, as the rules that its isolate knows when it asks have changed
 * them: one list, and another where a rule ends in that very ms. `at`: the true time, until it has asked.
 */
export function policiesInForce(
  readings: Readings,
  call: CallMade,
  level: Level,
  at: number,
): readonly (readonly PolicyRule[])[] {
  const begun = readings.begun(call);
  if (!begun) return [level.rule.policies];
  const policies = level.rule.policies.map((policy) => ahead(policy, level.rule));
  const asked = begun.asked ?? { at, version: readings.knownTo(call.isolate) };
  const now = begun.now + asked.at - begun.at;
  const found = [Math.floor(now), Math.ceil(now)].map((clock) =>
    ruleFor(readings.versions[asked.version] ?? [], level.rule.name, level.key, clock),
  );
  return [...new Set(found)].map((rule) => policies.map((policy) => under(policy, rule)));
}

/** What is booked or given back goes by the policy's own limit where a rule's is 0, under which nothing is taken. */
export const forBookings = (policies: readonly PolicyRule[], rule: Level["rule"]): readonly PolicyRule[] =>
  policies.map((policy, i) => (policy.limit === 0 ? ahead(rule.policies[i] as PolicyRule, rule) : policy));

/** A bucket whose units are taken ahead holds less by what refills while they may be spent. */
function ahead(policy: PolicyRule, { leases }: Level["rule"]): PolicyRule {
  if (!leases || policy.kind !== "bucket") return policy;
  return { ...policy, burst: policy.burst - Math.ceil((policy.limit * leases.maxMs) / policy.windowMs) };
}

/** A bucket's burst keeps its proportion to the limit, rounded down, and at least 1. */
function under(policy: PolicyRule, rule: RuleMade | undefined): PolicyRule {
  const limit = rule?.what === "limit" ? rule.limits?.[policy.name] : undefined;
  if (limit === undefined) return policy;
  return { ...policy, limit, burst: Math.max(1, Math.floor((policy.burst * limit) / policy.limit)) };
}

/** The most that may be in use, in the algorithm's own units: what a step that takes is given beside its cost. */
export function ceilingOf({ kind, limit, burst, windowMs }: PolicyRule): number {
  if (kind === "bucket") return burst * windowMs;
  return kind === "sliding" ? limit * windowMs : limit;
}

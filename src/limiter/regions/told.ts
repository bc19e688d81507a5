import type { KnownDecision, PolicyStatus, RegionPart } from "../../core/decision.ts";
import { withoutInfinity } from "../json.ts";
import { heard, type Region, type Round, type Seen } from "./round.ts";
import { waitsOf } from "./waits.ts";

/** What a region gave. */
export interface Given extends RegionPart {
  readonly region: number;
}

/** The decision on the whole, from what at least one region told: its counts are their sums, its limits the whole ones. */
export function told(round: Round, allowed: boolean, given: readonly Given[], delayMs = 0): KnownDecision {
  const { call, regions } = round;
  const seen = [...round.seen.values()];
  const answered = heard(round);
  const waits = allowed ? undefined : waitsOf(round);
  const policies = call.policies.map(({ name, limit, windowMs, burst, uncounted }, i): PolicyStatus => {
    const own = seen.map(({ decision }) => decision.policies[i] as PolicyStatus);
    if (uncounted !== undefined) return own[0] as PolicyStatus;
    return withoutInfinity({
      policy: name,
      limit,
      windowMs,
      burst,
      remaining: answered.reduce((sum, [, { decision }]) => sum + (decision.policies[i]?.remaining ?? 0), 0),
      retryAfterMs: waits?.[i] ?? 0,
      resetAfterMs: Math.max(...own.map(({ resetAfterMs }) => resetAfterMs)),
    });
  });
  const binding = allowed ? scarcest(round, policies) : slowest(policies);
  const { policy, limit, burst, remaining, retryAfterMs } = binding;
  const givers = given.map(({ region }) => round.seen.get(region) as Seen);
  return withoutInfinity({
    allowed,
    ...{ policy, limit, burst, remaining },
    // It was denied, so there is a wait, even if somebody has just given back.
    retryAfterMs: allowed ? 0 : Math.max(1, retryAfterMs),
    resetAfterMs: Math.max(...policies.map(({ resetAfterMs }) => resetAfterMs)),
    delayMs,
    at: given[0]?.at ?? (seen[0] as Seen).decision.at,
    policies,
    source: sourceOf(givers.length > 0 ? givers : seen),
    regions: Object.fromEntries(
      given.map(({ region, at, units }) => [(regions[region] as Region).name, { at, units }]),
    ),
  });
}

/** The policy that would deny first if calls of this cost went on. */
function scarcest({ costs }: Round, policies: readonly PolicyStatus[]): PolicyStatus {
  const fewest = policies.map(({ remaining }, i) => {
    const cost = costs[i] as number;
    return cost === 0 ? Infinity : remaining / cost;
  });
  return policies[fewest.indexOf(Math.min(...fewest))] as PolicyStatus;
}

function slowest(policies: readonly PolicyStatus[]): PolicyStatus {
  return policies.reduce((one, other) => (other.retryAfterMs > one.retryAfterMs ? other : one));
}

/** The store, where any of them was asked for this decision; else whoever knew it. */
function sourceOf(seen: readonly Seen[]): KnownDecision["source"] {
  if (seen.some(({ isAsked }) => isAsked)) return "store";
  return seen.some(({ decision }) => decision.source === "lease") ? "lease" : "snapshot";
}

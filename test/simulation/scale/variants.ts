import { crowd } from "../plans/crowd.ts";
import type { LimiterRule, PolicyRule } from "../world/history.ts";
import type { Latency } from "../world/network.ts";
import type { Plan } from "../world/plan.ts";

/** One point of the plots. */
export interface Point {
  readonly isolates: number;
  /** Calls asked for, as a multiple of the limit. */
  readonly load: number;
}

/** A set-up of limiters that is drawn beside the others. */
export interface Variant<At extends Point = Point> {
  readonly name: string;
  /** The policy that is asked, to know what is due. */
  readonly policy: PolicyRule;
  plan(point: At, durationMs: number): Plan;
}

/** One way between an isolate and a database of its region. */
export const IN_THE_REGION: Latency = { least: 1, median: 4, p99: 20, most: 60 };

export const PER_SECOND = 100;

const bucket: PolicyRule = { kind: "bucket", name: "p", limit: PER_SECOND, windowMs: 1000, burst: PER_SECOND };

export const rule: LimiterRule = {
  name: "crowd",
  database: "main",
  policies: [bucket],
  clock: "isolate",
  timeoutMs: 1000,
  failureMode: "closed",
  snapshots: { maxKeys: 10_000, maxAgeMs: 5000 },
  breaker: true,
};

/** A limiter for one key, on one database in the region. */
function oneDatabase(name: string, policy: PolicyRule, more: Partial<LimiterRule> = {}): Variant {
  return {
    name,
    policy,
    plan({ isolates, load }, durationMs) {
      const limiter = { ...rule, policies: [policy], ...more };
      return crowd({ isolates, limiter, perSecond: load * PER_SECOND, durationMs, latency: IN_THE_REGION });
    },
  };
}

/** All that is drawn by isolates, in this order. A set-up with leases is one more line here. */
export const VARIANTS: readonly Variant[] = [
  oneDatabase("token bucket", bucket),
  oneDatabase("token bucket, no snapshots", bucket, { snapshots: undefined }),
  oneDatabase("fixed window", { ...bucket, kind: "fixed" }),
];

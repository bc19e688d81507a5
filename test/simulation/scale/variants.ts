import { crowd } from "../plans/crowd.ts";
import type { Happening, LimiterRule, PolicyRule } from "../world/history.ts";
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
  /** For how many ms calls count, at least. Default 10 000. */
  readonly leastMs?: number;
  /** Commands billed for one, where the database can't tell. */
  commandsOf?(executed: Extract<Happening, { type: "executed" }>): number;
}

/** One way between an isolate and a database of its region. */
export const IN_THE_REGION: Latency = { least: 1, median: 4, p99: 20, most: 60 };

export const PER_SECOND = 100;

const bucket: PolicyRule = { kind: "bucket", name: "p", limit: PER_SECOND, windowMs: 1000, burst: PER_SECOND };
const fixed: PolicyRule = { ...bucket, kind: "fixed" };

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

export const LEASED = { leases: { maxMs: 1000 } } as const satisfies Partial<LimiterRule>;

/** A bucket that may be leased: that lowers its burst by a second's refill, to that of a plain one. */
export const roomy = (perSecond: number): PolicyRule => ({ ...bucket, limit: perSecond, burst: 2 * perSecond });

/** Calls per second in all. */
export const perSecondAt = ({ limit, windowMs }: PolicyRule, { load }: Point) => (load * limit * 1000) / windowMs;

/** A limiter for one key, on one database in the region; `more`: what else is otherwise. */
export function oneDatabase(
  name: string,
  policy: PolicyRule,
  limiter: Partial<LimiterRule> = {},
  more: Partial<Plan> = {},
): Variant {
  const whole = { ...rule, policies: [policy], ...limiter };
  return {
    name,
    policy,
    plan(point, durationMs) {
      const { isolates } = point;
      const latency = IN_THE_REGION;
      const perSecond = perSecondAt(policy, point);
      return { ...crowd({ isolates, limiter: whole, perSecond, durationMs, latency }), ...more };
    },
  };
}

/** All that is drawn by isolates, in this order. Isolates that pause get their units seconds apart, so that counts longer. */
export const VARIANTS: readonly Variant[] = [
  oneDatabase("token bucket", bucket),
  oneDatabase("token bucket, leases", roomy(PER_SECOND), LEASED),
  oneDatabase("fixed window", fixed),
  oneDatabase("fixed window, leases", fixed, LEASED),
].map((variant) => ({ ...variant, leastMs: 20_000 }));

/** How far leases go, by the limit. */
export const LEASED_VARIANTS: readonly Variant[] = [
  oneDatabase("100 per s", roomy(100), LEASED),
  oneDatabase("1000 per s", roomy(1000), LEASED),
  oneDatabase("10 000 per s", roomy(10_000), LEASED),
];

import { calm, steadyIsolates } from "../plans/crowd.ts";
import { partsOf } from "../plans/shares.ts";
import { poisson } from "../traffic/arrivals.ts";
import { consumers } from "../traffic/callers.ts";
import { oneKey } from "../traffic/keys.ts";
import type { LimiterRule, PolicyRule } from "../world/history.ts";
import { plainLimiter } from "../world/limiter.ts";
import { latencyBetween, nearestFirst, PLACE_NAMES } from "./places.ts";
import { LEASED, type Point, perSecondAt, roomy, rule, type Variant } from "./variants.ts";

/** One point of the plots by regions. */
export interface RegionPoint extends Point {
  readonly regions: number;
}

/** Who has the limit, and where the callers of its one key are: in all regions alike, or all in the first. */
interface Setup {
  readonly shares: "even" | "home";
  readonly callers: "everywhere" | "in one place";
  /** Default: one of 100 per s, and nothing ahead. */
  readonly policy?: PolicyRule;
  readonly leases?: LimiterRule["leases"];
}

const plain = rule.policies[0] as PolicyRule;

function splitRule(names: readonly string[], { shares, policy = plain, leases }: Setup): LimiterRule {
  const weight = (i: number) => (shares === "even" || i === 0 ? 1 : 0);
  const whole = {
    ...rule,
    policies: [policy],
    ...(leases && { leases }),
    database: names[0] as string,
    shares: Object.fromEntries(names.map((name, i) => [name, weight(i)])),
  };
  return { ...whole, regions: partsOf(whole, names) };
}

/** A limit in the databases of the first regions, of which each isolate asks its own first, then the next nearest. */
function splitOver(name: string, setup: Setup): Variant<RegionPoint> {
  const { policy = plain } = setup;
  return {
    name,
    policy,
    plan(point, durationMs) {
      const { isolates, regions } = point;
      const names = PLACE_NAMES.slice(0, regions);
      const limiter = splitRule(names, setup);
      const perSecond = perSecondAt(policy, point);
      return {
        name,
        durationMs,
        databases: names.map((database) => ({ name: database, offsetMs: 0, takesFlags: true })),
        population: steadyIsolates(isolates, setup.callers === "everywhere" ? names : names.slice(0, 1)),
        limiters: [limiter],
        limiterOf: (parts) => plainLimiter({ ...parts, near: nearestFirst(parts.region, names) }),
        weather: (from, to) => calm(latencyBetween(from, to)),
        traffic: [poisson("callers", perSecond, consumers(limiter, oneKey("k")))],
        incidents: [],
      };
    },
  };
}

/** All that is drawn by regions, in this order. A home that is asked from everywhere is what one database for all is. */
export const REGION_VARIANTS: readonly Variant<RegionPoint>[] = [
  splitOver("even, callers everywhere", { shares: "even", callers: "everywhere" }),
  splitOver("even, callers in one place", { shares: "even", callers: "in one place" }),
  splitOver("a home, callers everywhere", { shares: "home", callers: "everywhere" }),
  splitOver("a home, callers at home", { shares: "home", callers: "in one place" }),
];

/** Enough calls for each isolate to take ahead. Without leases the same burst is left as with them. */
const hot = { callers: "everywhere", policy: { ...roomy(1000), burst: 1000 } } as const;
const leased = { ...hot, ...LEASED, policy: roomy(1000) } as const;

/** What leases change, in this order. */
export const LEASED_REGION_VARIANTS: readonly Variant<RegionPoint>[] = [
  splitOver("even", { ...hot, shares: "even" }),
  splitOver("even, leases", { ...leased, shares: "even" }),
  splitOver("a home", { ...hot, shares: "home" }),
  splitOver("a home, leases", { ...leased, shares: "home" }),
];

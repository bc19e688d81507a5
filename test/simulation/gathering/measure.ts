import { bookOf } from "../judges/books/book-of.ts";
import { calm, steadyIsolates } from "../plans/crowd.ts";
import { partsOf } from "../plans/shares.ts";
import { poisson } from "../traffic/arrivals.ts";
import { consumers } from "../traffic/callers.ts";
import { oneKey } from "../traffic/keys.ts";
import type { Happening, LimiterRule, PolicyRule } from "../world/history.ts";
import type { Latency } from "../world/network.ts";
import type { LimiterMaker, Plan } from "../world/plan.ts";
import { createWorld } from "../world/world.ts";

/** A crowd all over the world on one key, whose calls cost more than a region's share. */
export interface Crowd {
  readonly policy: PolicyRule;
  readonly regions: number;
  readonly cost: number;
  /** What is asked for, as a multiple of the limit. */
  readonly load: number;
  readonly isolates: number;
  readonly durationMs: number;
  readonly limiterOf?: LimiterMaker;
}

/** What came of it. */
export interface Gathered {
  readonly calls: number;
  readonly admitted: number;
  /** What one limiter would admit that sees every call in the moment when it is made. */
  readonly due: number;
  readonly trips: number;
  /** Calls that took something in vain. */
  readonly vain: number;
  readonly p50Ms: number;
}

const NEAR: Latency = { least: 0.2, median: 0.5, p99: 2, most: 10 };
const FAR: Latency = { least: 40, median: 75, p99: 110, most: 200 };

export function crowdPlan({ policy, regions, cost, load, isolates, durationMs, limiterOf }: Crowd): Plan {
  const names = Array.from({ length: regions }, (_, i) => `r${i}`);
  const whole: LimiterRule = {
    name: "crowd",
    database: names[0] as string,
    policies: [policy],
    clock: "isolate",
    timeoutMs: 2000,
    failureMode: "closed",
    snapshots: { maxKeys: 10_000, maxAgeMs: 5000 },
    breaker: true,
    shares: Object.fromEntries(names.map((name) => [name, 1])),
  };
  const limiter = { ...whole, regions: partsOf(whole, names) };
  const next = consumers(limiter, oneKey("k"));
  const perSecond = (load * policy.limit * 1000) / policy.windowMs / cost;
  return {
    name: `${policy.kind}, ${regions} regions, a cost of ${cost} of ${policy.limit}, ${load} × the limit`,
    durationMs,
    databases: names.map((name) => ({ name, offsetMs: 0, takesFlags: true })),
    population: steadyIsolates(isolates, names),
    limiters: [limiter],
    ...(limiterOf && { limiterOf }),
    weather: (region, database) => calm(region === database ? NEAR : FAR),
    traffic: [poisson("callers", perSecond, (stream) => ({ ...next(stream), cost }))],
    incidents: [],
  };
}

export async function measureGathering(crowd: Crowd, seed = 1): Promise<Gathered> {
  const { policy, cost } = crowd;
  const ideal = bookOf(policy);
  let [calls, admitted, due, trips] = [0, 0, 0, 0];
  const vain = new Set<number>();
  const calledAt = new Map<number, number>();
  const waits: number[] = [];
  function tell(happening: Happening): void {
    if (happening.type === "called") {
      calls += 1;
      calledAt.set(happening.call.id, happening.at);
      if (ideal.allows(happening.now, cost, 0)) {
        ideal.take(happening.now, cost);
        due += 1;
      }
    } else if (happening.type === "sent") trips += 1;
    else if (happening.type === "executed" && happening.steps[0]?.deltas.some((delta) => delta < 0)) {
      vain.add(happening.call.id);
    } else if (happening.type === "answered" && happening.decision?.allowed) {
      admitted += 1;
      waits.push(happening.at - (calledAt.get(happening.call.id) ?? 0));
    }
  }
  await createWorld({ plan: crowdPlan(crowd), seed, tell }).run();
  waits.sort((a, b) => a - b);
  return { calls, admitted, due, trips, vain: vain.size, p50Ms: Math.round(waits[waits.length >> 1] ?? 0) };
}

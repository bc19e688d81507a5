import { poisson } from "../traffic/arrivals.ts";
import { consumers } from "../traffic/callers.ts";
import { oneKey } from "../traffic/keys.ts";
import type { LimiterRule } from "../world/history.ts";
import type { Latency, Weather } from "../world/network.ts";
import type { Plan, Population } from "../world/plan.ts";

/** A network without faults. */
export function calm(latency: Latency): Weather {
  return { latency, lostRequest: 0, lostReply: 0, resetBefore: 0, resetAfter: 0 };
}

/** Isolates with exact clocks that stay. */
export function steadyIsolates(isolates: number, regions: readonly string[] = ["here"]): Population {
  return {
    isolates,
    regions,
    meanLifeMs: Infinity,
    gapMs: 0,
    meanFreezeEveryMs: Infinity,
    freezeMs: 0,
    clock: () => ({ offsetMs: 0, pace: 1 }),
    meanJumpEveryMs: Infinity,
    jump: () => 0,
    workers: 1,
    noWaitUntil: 0,
    deafClients: 0,
  };
}

export interface Crowd {
  readonly isolates: number;
  readonly limiter: LimiterRule;
  readonly perSecond: number;
  readonly durationMs: number;
  readonly latency: Latency;
}

/** Many isolates, one key, independent callers: nothing fails. */
export function crowd({ isolates, limiter, perSecond, durationMs, latency }: Crowd): Plan {
  return {
    name: `crowd of ${isolates} at ${perSecond}/s`,
    durationMs,
    databases: [{ name: limiter.database, offsetMs: 0, takesFlags: true }],
    population: steadyIsolates(isolates),
    limiters: [limiter],
    weather: () => calm(latency),
    traffic: [poisson("callers", perSecond, consumers(limiter, oneKey("k")))],
    incidents: [],
  };
}

import type { Decision } from "../../../src/core/decision.ts";
import { allOf } from "../../../src/limiter/all-of.ts";
import type { HoldMethods } from "../../../src/limiter/in-flight/hold.ts";
import { inFlight } from "../../../src/limiter/in-flight/policy.ts";
import { createLimiter, type InFlightLimiter, type Limiter } from "../../../src/limiter/limiter.ts";
import { poisson } from "../traffic/arrivals.ts";
import { callers } from "../traffic/callers.ts";
import { partitions, restarts, storms } from "../traffic/incidents.ts";
import { evenKeys, oneKey } from "../traffic/keys.ts";
import type { LimiterRule, WorkRule } from "../world/history.ts";
import type { Callable } from "../world/isolate.ts";
import { plainLimiter, plainOptions } from "../world/limiter.ts";
import type { LimiterMaker, Plan, SetMaker } from "../world/plan.ts";
import { between, chance, oneOf, type Stream, streamOf } from "../world/random.ts";
import { faultsUpTo } from "./faults.ts";
import { together } from "./swarm.ts";

/** A world of work in flight, and what its limiter promises. */
export interface HeldWorld {
  readonly plan: Plan;
  readonly work: WorkRule;
}

const HOUR_MS = 3_600_000;
const NAME = "jobs";

/**
 * Calls are pieces of work, alone and together with a quota: they hold, extend while they last, and release, unless their isolate ends
 * before, or they forget to. To ask again with an id is for test/support/in-flight-world.ts: ids are hashed outside of virtual time.
 */
export function heldWorld(seed: number, calls = 1200): HeldWorld {
  const stream = streamOf(seed, 12);
  const clocks = oneOf(stream, ["near", "near", "far", "redis"] as const);
  const nearMs = oneOf(stream, [0, 300, 900]);
  const limit = oneOf(stream, [1, 4, 10, 40]);
  const holdMs = oneOf(stream, [300, 2000, 10_000]);
  const jobs: LimiterRule = {
    name: NAME,
    database: "main",
    policies: [],
    clock: clocks === "redis" ? "redis" : "isolate",
    timeoutMs: oneOf(stream, [200, 1000]),
    failureMode: oneOf(stream, ["open", "closed", "memory"]),
    snapshots: chance(stream, 0.3) ? undefined : { maxKeys: 100, maxAgeMs: 5000 },
    breaker: chance(stream, 0.7),
  };
  const quota = limit * oneOf(stream, [1, 3, 20]);
  const user: LimiterRule = {
    ...jobs,
    name: "user",
    policies: [{ kind: "fixed", name: "quota", limit: quota, windowMs: holdMs, burst: quota }],
  };
  const limiters = [jobs, user, ...oneOf(stream, [[], [together([jobs, user])], [together([user, jobs])]])];
  // Work lasts about a hold and a half.
  const perSecond = Math.max(1, (limit * oneOf(stream, [0.5, 1, 3]) * 1000) / (1.5 * holdMs));
  const durationMs = Math.min(600_000, Math.max(10 * holdMs, (calls / perSecond) * 1000));
  const next = callers({
    // The quota alone is for those that are asked together.
    limiters: limiters.filter((rule) => rule !== user),
    keys: oneOf(stream, [oneKey("k"), evenKeys(3)]),
    operations: { consume: 1 },
    mostCost: 1,
    mostWaitMs: 0,
    acceptsDelay: 0,
    leaves: oneOf(stream, [0, 0.05]),
    leavesWithinMs: 50,
    comesBack: 0,
  });
  const part = oneOf(stream, [0, 0.01, 0.1]);
  const faults = faultsUpTo(stream, part);
  const latency = oneOf(stream, [
    { least: 0.2, median: 0.5, p99: 2, most: 10 },
    { least: 20, median: 40, p99: 150, most: 400 },
  ]);
  const work = { name: NAME, limit, holdMs, aheadMs: { near: nearMs, far: Infinity, redis: 0 }[clocks] };
  const clockOf = (isolate: Stream) =>
    clocks === "near" ? between(isolate, -nearMs, nearMs) : between(isolate, -HOUR_MS, HOUR_MS);
  const plan: Plan = {
    name: `work in flight, ${limit} for ${holdMs} ms, ${clocks} clocks, ${limiters.map(({ name }) => name).join(" and ")}`,
    durationMs,
    databases: [{ name: "main", offsetMs: 0, takesFlags: chance(stream, 0.5) }],
    population: {
      isolates: oneOf(stream, [1, 3, 12]),
      regions: ["here"],
      meanLifeMs: oneOf(stream, [Infinity, 20 * holdMs, 3 * holdMs]),
      gapMs: oneOf(stream, [0, 100]),
      meanFreezeEveryMs: oneOf(stream, [Infinity, 20 * holdMs]),
      freezeMs: oneOf(stream, [20, 2 * holdMs]),
      clock: (isolate) => ({ offsetMs: clockOf(isolate), pace: 1 }),
      meanJumpEveryMs: clocks === "near" ? Infinity : oneOf(stream, [Infinity, durationMs / 3]),
      jump: (isolate) => between(isolate, -60_000, 60_000),
      workers: oneOf(stream, [0, 0.5, 1]),
      noWaitUntil: oneOf(stream, [0, 1]),
      deafClients: oneOf(stream, [0, 0.3]),
    },
    limiters,
    limiterOf: workers(work),
    setOf: workersTogether(work),
    work,
    weather: () => ({ latency, ...faults }),
    traffic: [poisson("workers", perSecond, next)],
    incidents: [
      ...(chance(stream, 0.3) ? [partitions(durationMs / 4, oneOf(stream, [500, 5000]))] : []),
      ...(chance(stream, 0.3) ? [storms(durationMs / 4, 5000, { factor: 10, loss: oneOf(stream, [0, 0.5]) })] : []),
      ...(chance(stream, 0.2) ? [restarts(durationMs / 3, chance(stream, 0.5))] : []),
    ],
  };
  return { plan, work };
}

export const workers =
  (work: WorkRule): LimiterMaker =>
  (parts) => {
    if (parts.rule.name !== work.name) return plainLimiter(parts);
    const policies = [inFlight({ limit: work.limit, hold: work.holdMs })] as const;
    const limiter = createLimiter({ ...plainOptions(parts), name: work.name, policies: [policies[0]] });
    return Object.assign(limiter, { consume: working(limiter, work) }) as unknown as Limiter;
  };

export const workersTogether =
  (work: WorkRule): SetMaker =>
  (limiters, { waitUntil }) => {
    const all = allOf(limiters as Readonly<Record<string, InFlightLimiter>>, { waitUntil });
    return Object.assign(all, { consume: working(all as never, work) }) as unknown as Callable;
  };

const sleep = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/** A call that is a piece of work; it is answered when that is over. */
export function working(limiter: HoldMethods<unknown, Decision, unknown>, { name, limit, holdMs }: WorkRule) {
  return async (key: unknown, options?: { signal?: AbortSignal | undefined }): Promise<Decision> => {
    const units = Math.random() < 0.8 ? 1 : Math.min(limit, 3);
    const cost = typeof key === "string" ? units : { [name]: units, user: 1 };
    const held = await limiter.hold(key, { cost, signal: options?.signal });
    if (!held.allowed) return held;
    let leftMs = Math.random() * 3 * holdMs;
    while (leftMs > 0) {
      const ms = Math.min(leftMs, holdMs / 3);
      await sleep(ms);
      leftMs -= ms;
      if (leftMs > 0 && Math.random() < 0.8 && !(await held.extend())) return held;
    }
    if (Math.random() < 0.9) await held.release();
    return held;
  };
}

import type { Policy } from "../../algorithm/policy.ts";
import type { KnownDecision } from "../../core/decision.ts";
import { leases } from "../../limiter/leases/leases.ts";
import { createLevel } from "../../limiter/level.ts";
import { type Limiter, limiterOn } from "../../limiter/limiter.ts";
import { checkedOptions } from "../../limiter/options.ts";
import { MAX_TIMER_MS } from "../../limiter/time.ts";
import { redisStore } from "../../store/redis.ts";
import type { RegionContext } from "./algorithm.ts";
import type { Guard, KnownLimit } from "./guard.ts";
import { causeOf, type GuardedOptions, guardedLevel } from "./guarded-level.ts";
import { clientOf } from "./redis.ts";

/** What this isolate keeps for an algorithm on one context. */
export interface Counting {
  readonly limiter: Limiter;
  /** The limit in Redis as far as it is known; `undefined` where there is none to look up. */
  readonly limit: KnownLimit | undefined;
}

/** A limiter without a deadline or a failure mode of its own: who asks has the first, and hears of failures. */
export function countingOn(ctx: RegionContext, policy: Policy, leased: boolean): Counting {
  const limit = ctx.dynamicLimits && !leased ? { text: "" } : undefined;
  const plain = checkedOptions({
    name: "upstash-ratelimit",
    store: redisStore(clientOf(ctx.redis)),
    policies: [policy],
    timeoutMs: MAX_TIMER_MS,
    breaker: false,
    snapshots: ctx.cache !== undefined,
  });
  if (!leased) return { limiter: limiterOn(guardedLevel(createLevel(plain), ctx.prefix, limit)), limit };
  const { options, level } = leases();
  return { limiter: limiterOn(guardedLevel(level(createLevel(options?.(plain) ?? plain)), ctx.prefix, limit)), limit };
}

/** Takes `rate`, or gives it back where it is below 0. Rejects with what the client threw. */
export async function take(
  { limiter }: Counting,
  identifier: string,
  rate: number,
  guard: Guard,
  signal: AbortSignal | undefined,
  tasks: Promise<unknown>[],
): Promise<KnownDecision | undefined> {
  const options: GuardedOptions & Parameters<Limiter["consume"]>[1] = {
    guard,
    cost: Math.abs(rate),
    signal,
    waitUntil: (task) => tasks.push(task),
  };
  const decision =
    rate < 0 ? await limiter.refund(identifier, -rate, options) : await limiter.consume(identifier, options);
  return knownOf(decision);
}

export async function look({ limiter }: Counting, identifier: string): Promise<KnownDecision> {
  const options: GuardedOptions & Parameters<Limiter["peek"]>[1] = {
    guard: { values: [], found: [], fetch: false },
    // Asks for nothing, so that no snapshot answers it.
    cost: 0,
  };
  return knownOf(await limiter.peek(identifier, options)) as KnownDecision;
}

type Answer = Awaited<ReturnType<Limiter["consume"]>>;

/** The decision if there are counts in it, `undefined` where the deny list decided; throws where Redis could not be asked. */
function knownOf(decision: Answer): KnownDecision | undefined {
  if (decision.source === "fallback") throw causeOf(decision.error);
  return decision.source === "rule" ? undefined : decision;
}

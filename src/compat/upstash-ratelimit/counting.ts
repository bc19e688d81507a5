import type { Policy } from "../../algorithm/policy.ts";
import type { KnownDecision } from "../../core/decision.ts";
import { leases } from "../../limiter/leases/leases.ts";
import { createLevel } from "../../limiter/level.ts";
import { type Limiter, limiterOn } from "../../limiter/limiter.ts";
import { checkedOptions } from "../../limiter/options.ts";
import { MAX_TIMER_MS } from "../../limiter/time.ts";
import { redisStore } from "../../store/redis.ts";
import type { RegionContext } from "./algorithm.ts";
import { type Guard, type KnownLimit, newGuard } from "./guard.ts";
import { causeOf, type GuardedOptions, guardedLevel } from "./guarded-level.ts";
import { clientOf } from "./redis.ts";

/** What a check takes beside the identifier and its rate. */
export interface Taking {
  readonly guard: Guard;
  readonly signal: AbortSignal | undefined;
  /** Work that may end behind the response is added to it. */
  readonly tasks: Promise<unknown>[];
}

/** What counts for an algorithm on one context. Its methods reject with what the client threw. */
export interface Counting {
  /** Takes `rate`, or gives it back where it is below 0. Resolves to `undefined` where the deny list decided. */
  take(identifier: string, rate: number, taking: Taking): Promise<KnownDecision | undefined>;
  look(identifier: string): Promise<KnownDecision>;
  reset(identifier: string): Promise<void>;
  /** The limit in Redis as far as it is known; `undefined` where there is none to look up. */
  readonly limit: KnownLimit | undefined;
}

/** Counts on one database. */
export function countingOn(ctx: RegionContext, policy: Policy, leased: boolean): Counting {
  const limit = ctx.dynamicLimits && !leased ? { text: "" } : undefined;
  const limiter = limiterFor(ctx, policy, leased, limit);
  return {
    limit,
    take: async (identifier, rate, taking) =>
      rate < 0
        ? knownOf(await limiter.refund(identifier, -rate, optionsOf(taking)))
        : knownOf(await limiter.consume(identifier, { ...optionsOf(taking), cost: rate })),
    // Asks for nothing, so that no snapshot answers it.
    look: async (identifier) => knownOf(await limiter.peek(identifier, { ...unguarded(), cost: 0 })) as KnownDecision,
    reset: (identifier) => limiter.reset(identifier),
  };
}

/** A limiter without a deadline or a failure mode of its own: who asks has the first, and hears of failures. */
function limiterFor(ctx: RegionContext, policy: Policy, leased: boolean, limit: KnownLimit | undefined): Limiter {
  const plain = checkedOptions({
    name: "upstash-ratelimit",
    store: redisStore(clientOf(ctx.redis)),
    policies: [policy],
    timeoutMs: MAX_TIMER_MS,
    breaker: false,
    snapshots: ctx.cache !== undefined,
  });
  if (!leased) return limiterOn(guardedLevel(createLevel(plain), ctx.prefix, limit));
  const { options, level } = leases();
  return limiterOn(guardedLevel(level(createLevel(options?.(plain) ?? plain)), ctx.prefix, limit));
}

/** The options of a limiter's call. */
export function optionsOf({ guard, signal, tasks }: Taking) {
  return { guard, signal, waitUntil: (task: Promise<unknown>) => void tasks.push(task) } satisfies GuardedOptions & {
    signal: unknown;
    waitUntil: unknown;
  };
}

/** Those of a call that looks nothing up. */
export const unguarded = (): GuardedOptions => ({ guard: newGuard() });

/** The decision if there are counts in it, `undefined` where the deny list decided; throws where Redis could not be asked. */
export function knownOf(decision: Awaited<ReturnType<Limiter["consume"]>>): KnownDecision | undefined {
  if (decision.source === "fallback") throw causeOf(decision.error);
  return "policies" in decision ? decision : undefined;
}

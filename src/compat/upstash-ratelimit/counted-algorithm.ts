import type { Policy } from "../../algorithm/policy.ts";
import type { Algorithm, RatelimitResponse, RegionContext } from "./algorithm.ts";
import { type Counting, countingOn, look, take } from "./counting.ts";
import type { Guard, KnownLimit } from "./guard.ts";
import { limited } from "./guarded-level.ts";
import { deniedResponse, quotaOf, responseOf, withPending } from "./response.ts";

/** One check as a limiter of this module asks it. */
export interface Check {
  readonly rate: number | undefined;
  readonly guard: Guard;
  readonly signal: AbortSignal | undefined;
}

/** What a limiter of this module asks an algorithm that counts with Sluice's. */
export interface Counted {
  /** Whether what a check looks up is looked up in the request that counts it. */
  readonly guards: boolean;
  check(ctx: RegionContext, identifier: string, check: Check): Promise<RatelimitResponse>;
  /** The limit in Redis, as far as this isolate knows it. */
  limitOf(ctx: RegionContext): KnownLimit | undefined;
}

const counted = new WeakMap<object, Counted>();

/** What an algorithm is asked by, if it counts with Sluice's limiter. */
export const countedOf = (algorithm: object): Counted | undefined => counted.get(algorithm);

/** What one value per context is; of its caches only those that users brought are their own. */
const brought = new WeakSet<object>();

/** Notes that a context's cache is in a map of the user's, which other limiters may share. */
export const noteBrought = (cache: object): void => void brought.add(cache);

export interface CountedOptions {
  /** The tokens per window, or those that a bucket holds: also 0, which no policy has. */
  readonly limit: number;
  /** Whether it takes tokens ahead. */
  readonly leased?: boolean;
}

/** An algorithm of the original's shape that counts with Sluice's limiter. */
export function countedAlgorithm(policy: Policy, { limit, leased = false }: CountedOptions): Algorithm<RegionContext> {
  const own = limit === 0 ? limited(policy, 0) : policy;
  const countings = new WeakMap<RegionContext, Counting>();

  function countingOf(ctx: RegionContext): Counting {
    if (leased && !ctx.cache) throw new Error("This algorithm requires a cache: ephemeralCache must not be false");
    const known = countings.get(ctx);
    if (known) return known;
    const fresh = countingOn(ctx, own, leased);
    countings.set(ctx, fresh);
    return fresh;
  }

  /** A map of the user's may know more than this limiter, which may have been made for this request alone. */
  const cacheOf = ({ cache, dynamicLimits }: RegionContext) =>
    cache && brought.has(cache) && !dynamicLimits && !leased ? cache : undefined;

  async function check(ctx: RegionContext, identifier: string, { rate = 1, guard, signal }: Check) {
    const counting = countingOf(ctx);
    const cache = cacheOf(ctx);
    const block = rate > 0 ? cache?.isBlocked(identifier) : undefined;
    if (block?.blocked) return blockedResponse(limit, block.reset);
    const tasks: Promise<unknown>[] = [];
    const decision = await take(counting, identifier, rate, guard, signal, tasks);
    if (!decision) return deniedResponse(guard.found.at(-1));
    const response = responseOf(decision, policy);
    if (rate < 0) cache?.pop(identifier);
    // Only what holds for every request: one that costs more may be denied while others pass.
    else if (rate === 1 && !response.success) cache?.blockUntil(identifier, response.reset);
    return withPending(response, tasks);
  }

  const methods = {
    limit: (ctx: RegionContext, identifier: string, rate?: number) =>
      check(ctx, identifier, { rate, guard: { values: [], found: [], fetch: false }, signal: undefined }),
    getRemaining: async (ctx: RegionContext, identifier: string) =>
      quotaOf(await look(countingOf(ctx), identifier), policy),
    async resetTokens(ctx: RegionContext, identifier: string) {
      cacheOf(ctx)?.pop(identifier);
      await countingOf(ctx).limiter.reset(identifier);
    },
  };
  counted.set(methods, { guards: !leased, check, limitOf: (ctx) => countingOf(ctx).limit });
  return () => methods;
}

const blockedResponse = (limit: number, reset: number): RatelimitResponse => ({
  success: false,
  limit,
  remaining: 0,
  reset,
  pending: Promise.resolve(),
  reason: "cacheBlock",
});

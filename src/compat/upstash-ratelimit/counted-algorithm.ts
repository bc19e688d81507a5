import type { Policy } from "../../algorithm/policy.ts";
import type { Algorithm, MultiRegionContext, RatelimitResponse, RegionContext } from "./algorithm.ts";
import type { Counting } from "./counting.ts";
import { type Guard, type KnownLimit, newGuard } from "./guard.ts";
import { blockedResponse, deniedResponse, quotaOf, responseOf, withPending } from "./response.ts";

type Context = RegionContext | MultiRegionContext;

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
  check(ctx: Context, identifier: string, check: Check): Promise<RatelimitResponse>;
  /** The limit in Redis, as far as this isolate knows it. */
  limitOf(ctx: Context): KnownLimit | undefined;
}

const counted = new WeakMap<object, Counted>();

/** What an algorithm is asked by, if it counts with Sluice's limiter. */
export const countedOf = (algorithm: object): Counted | undefined => counted.get(algorithm);

/** How an algorithm counts. */
export interface HowToCount<TContext> {
  readonly policy: Policy;
  /** What a response tells as the limit where nobody was asked. */
  readonly limit: number;
  readonly guards: boolean;
  /** Whether this isolate keeps what it knows in a map of the user's, if there is one. */
  readonly sharesMap: boolean;
  countingOn(ctx: TContext): Counting;
}

/** Contexts whose cache is in a map of the user's. */
const withMap = new WeakSet<object>();

/** Notes that a context's cache is in a map of the user's, which other limiters may share. */
export const noteMap = (ctx: object): void => void withMap.add(ctx);

/** An algorithm of the original's shape that counts with Sluice's limiter. */
export function countedAlgorithm<TContext extends Context>(how: HowToCount<TContext>): Algorithm<TContext> {
  const { policy, limit, guards, sharesMap } = how;
  const countings = new WeakMap<Context, Counting>();

  function countingOf(ctx: TContext): Counting {
    const known = countings.get(ctx);
    if (known) return known;
    const fresh = how.countingOn(ctx);
    countings.set(ctx, fresh);
    return fresh;
  }

  /** A map of the user's may know more than this limiter, which may have been made for this request alone. */
  function mapOf(ctx: TContext) {
    const isDynamic = "dynamicLimits" in ctx && ctx.dynamicLimits;
    return sharesMap && withMap.has(ctx) && !isDynamic ? ctx.cache : undefined;
  }

  async function check(ctx: TContext, identifier: string, { rate = 1, guard, signal }: Check) {
    const map = mapOf(ctx);
    const block = rate > 0 ? map?.isBlocked(identifier) : undefined;
    if (block?.blocked) return blockedResponse(limit, block.reset);
    const tasks: Promise<unknown>[] = [];
    const decision = await countingOf(ctx).take(identifier, rate, { guard, signal, tasks });
    if (!decision) return deniedResponse(guard.found.at(-1));
    const response = responseOf(decision, policy);
    if (rate < 0) map?.pop(identifier);
    // Only what holds for every request: one that costs more may be denied while others pass.
    else if (rate === 1 && !response.success) map?.blockUntil(identifier, response.reset);
    return withPending(response, tasks);
  }

  const methods: ReturnType<Algorithm<TContext>> = {
    limit: (ctx, identifier, rate) => check(ctx, identifier, { rate, guard: newGuard(), signal: undefined }),
    getRemaining: async (ctx, identifier) => quotaOf(await countingOf(ctx).look(identifier), policy),
    async resetTokens(ctx, identifier) {
      mapOf(ctx)?.pop(identifier);
      await countingOf(ctx).reset(identifier);
    },
  };
  counted.set(methods, {
    guards,
    check: (ctx, identifier, asked) => check(ctx as TContext, identifier, asked),
    limitOf: (ctx) => countingOf(ctx as TContext).limit,
  });
  return () => methods;
}

import { fixedWindow, type Policy, slidingWindow, tokenBucket } from "../../algorithm/policy.ts";
import { wholeNumber } from "../../core/whole-number.ts";
import type { Algorithm, RegionContext } from "./algorithm.ts";
import { countedAlgorithm } from "./counted-algorithm.ts";
import { countingOn } from "./counting.ts";
import { type Duration, windowMsOf } from "./duration.ts";
import { limited } from "./guarded-level.ts";
import type { SharedConfig } from "./options.ts";
import { DEFAULT_PREFIX, Ratelimit } from "./ratelimit.ts";
import type { FullRedis, Redis } from "./redis.ts";

/** The options of `Ratelimit`. */
export interface RegionRatelimitConfig extends SharedConfig {
  /** A client of `@upstash/redis`, or any with `evalsha`, `eval` and `del` like it. Make it with `retry: { retries: 0 }`: else it counts a request twice whose answer was lost. */
  redis: Redis;
  /** How requests are counted: `Ratelimit.slidingWindow(10, "10 s")`, `fixedWindow`, `tokenBucket`, `cachedFixedWindow`, or an algorithm of yours. */
  limiter: Algorithm<RegionContext>;
  /**
   * Whether identifiers, addresses, user agents and countries on the deny list of the prefix are denied, in the same request; see
   * `IpDenyList`. Default `false`.
   */
  enableProtection?: boolean;
  /** On how many public lists of abuse an address must be to be denied, 1 to 8. Default 6. */
  denyListThreshold?: number;
}

/**
 * Limits requests by identifier, with the interface of the class of this name in `@upstash/ratelimit`. No I/O happens before its first check. Its methods
 * need no `this`.
 */
export class RegionRatelimit extends Ratelimit<RegionContext> {
  constructor({ redis, ...config }: RegionRatelimitConfig) {
    super({ ...config, ctx: { redis: redis as FullRedis, prefix: config.prefix ?? DEFAULT_PREFIX } });
  }

  /** At most `tokens`, a whole number from 0, in each window aligned to the epoch. */
  static fixedWindow(tokens: number, window: Duration): Algorithm<RegionContext> {
    return counted(fixedWindow(quotaOf(tokens, window)), tokens);
  }

  /** At most `tokens`, a whole number from 0, in the last window: what was taken in the aligned one before weighs by its overlap. */
  static slidingWindow(tokens: number, window: Duration): Algorithm<RegionContext> {
    return counted(slidingWindow(quotaOf(tokens, window)), tokens);
  }

  /** A bucket of at most `maxTokens`, a whole number from 0, into which `refillRate` flow evenly over each `interval`. */
  static tokenBucket(refillRate: number, interval: Duration, maxTokens: number): Algorithm<RegionContext> {
    wholeNumber("maxTokens", maxTokens, 0);
    const refill = { limit: refillRate, window: windowMsOf(interval), burst: Math.max(1, maxTokens) };
    return counted(tokenBucket(refill), maxTokens);
  }

  /**
   * `fixedWindow` for identifiers that are asked for often: this isolate then takes tokens ahead and answers without Redis. Never more
   * than `tokens` pass. Needs a cache, and goes by no dynamic limit.
   */
  static cachedFixedWindow(tokens: number, window: Duration): Algorithm<RegionContext> {
    return counted(fixedWindow(quotaOf(tokens, window)), tokens, true);
  }
}

/** A window's numbers as a policy takes them, which has at least one token. */
export function quotaOf(tokens: number, window: Duration) {
  return { limit: Math.max(1, wholeNumber("tokens", tokens, 0)), window: windowMsOf(window) };
}

function counted(policy: Policy, limit: number, leased = false): Algorithm<RegionContext> {
  return countedAlgorithm({
    ...{ policy, limit, guards: !leased, sharesMap: !leased },
    countingOn(ctx) {
      if (leased && !ctx.cache) throw new Error("This algorithm requires a cache: ephemeralCache must not be false");
      return countingOn(ctx, limit === 0 ? limited(policy, 0) : policy, leased);
    },
  });
}

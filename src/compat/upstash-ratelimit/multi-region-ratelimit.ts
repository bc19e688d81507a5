import { fixedWindow, type Policy, slidingWindow } from "../../algorithm/policy.ts";
import type { KnownDecision } from "../../core/decision.ts";
import { misuse } from "../../core/misuse.ts";
import type { Algorithm, MultiRegionContext } from "./algorithm.ts";
import { countedAlgorithm } from "./counted-algorithm.ts";
import type { Counting } from "./counting.ts";
import type { Duration } from "./duration.ts";
import { multiCountingOn } from "./multi-counting.ts";
import type { SharedConfig } from "./options.ts";
import { DEFAULT_PREFIX, Ratelimit, timeoutOf } from "./ratelimit.ts";
import type { FullRedis } from "./redis.ts";
import { quotaOf } from "./region-ratelimit.ts";

/** The options of `MultiRegionRatelimit`. `dynamicLimits` has no effect here. */
export interface MultiRegionRatelimitConfig extends SharedConfig {
  /** Clients of 1 to 16 databases, in the same order in every isolate: each holds an even share of the quota. */
  redis: FullRedis[];
  /** `MultiRegionRatelimit.slidingWindow(10, "10 s")`, `fixedWindow`, or an algorithm of yours. */
  limiter: Algorithm<MultiRegionContext>;
}

/** How long databases are waited for where there is no timeout, in ms: one that is silent must not hold up the others for ever. */
const PATIENCE_MS = 60_000;

/**
 * Limits requests on several databases, one quota for all: each holds an even share, and a request takes from the one that answers this
 * isolate fastest, then from the others. Never more than the limit passes. A database that is lost costs its share.
 */
export class MultiRegionRatelimit extends Ratelimit<MultiRegionContext> {
  constructor({ redis, ...config }: MultiRegionRatelimitConfig) {
    if (!Array.isArray(redis) || redis.length === 0) throw misuse("redis", "a list of clients", redis);
    const { prefix = DEFAULT_PREFIX } = config;
    super({ ...config, ctx: { regionContexts: redis.map((redis) => ({ redis, prefix })) } });
  }

  /** At most `tokens`, a whole number from 0, in each window aligned to the epoch. */
  static fixedWindow(tokens: number, window: Duration): Algorithm<MultiRegionContext> {
    return counted(fixedWindow(quotaOf(tokens, window)), tokens);
  }

  /** At most `tokens`, a whole number from 0, in the last window: what was taken in the aligned one before weighs by its overlap. */
  static slidingWindow(tokens: number, window: Duration): Algorithm<MultiRegionContext> {
    return counted(slidingWindow(quotaOf(tokens, window)), tokens);
  }
}

/** What a limit of 0 comes to, of which no database can have a share. */
const NOTHING: Counting = {
  limit: undefined,
  take: async (_identifier, rate) => noQuota(rate <= 0),
  look: async () => noQuota(true),
  reset: async () => {},
};

function noQuota(allowed: boolean): KnownDecision {
  const quota = { policy: "", limit: 0, burst: 0, remaining: 0, policies: [] };
  const waits = { retryAfterMs: allowed ? 0 : Infinity, resetAfterMs: 0, delayMs: 0 };
  return { allowed, ...quota, ...waits, at: Date.now(), source: "store" };
}

function counted(policy: Policy, limit: number): Algorithm<MultiRegionContext> {
  return countedAlgorithm({
    ...{ policy, limit, guards: false, sharesMap: true },
    countingOn: (ctx) => (limit === 0 ? NOTHING : multiCountingOn(ctx, policy, timeoutOf(ctx) || PATIENCE_MS)),
  });
}

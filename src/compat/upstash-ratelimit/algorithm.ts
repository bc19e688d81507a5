import type { EphemeralCache } from "./ephemeral-cache.ts";
import type { FullRedis } from "./redis.ts";

/** What an algorithm works with on one database. */
export interface RegionContext {
  redis: FullRedis;
  /** Left out where `ephemeralCache` is `false`. */
  cache?: EphemeralCache;
  /** Whether the limit in Redis stands in place of the algorithm's own. */
  dynamicLimits?: boolean;
  /** Stands before every key. */
  prefix: string;
}

/** What an algorithm works with on several databases. */
export interface MultiRegionContext {
  regionContexts: RegionContext[];
  cache?: EphemeralCache;
}

/** Why a response is what it is, where Redis did not say so. */
export type RatelimitResponseType = "timeout" | "cacheBlock" | "denyList";

/** The answer to a check. */
export interface RatelimitResponse {
  /** Whether the request may pass. */
  success: boolean;
  /** The most at once: the limit per window, or a bucket's `maxTokens`. 0 with reasons `"timeout"` and `"denyList"`. */
  limit: number;
  /** What is left, from 0; also where the request was denied because it costs more than that. */
  remaining: number;
  /**
   * Ms since the epoch. Of a denied request when its cost passes, or the window's end if it never can; else the window's end, of a bucket when it is full
   * again. 0 with reasons `"timeout"` and `"denyList"`.
   */
  reset: number;
  /** Work that may end behind the response; it never rejects. On Workers and Vercel give it to `waitUntil`. */
  pending: Promise<unknown>;
  /**
   * `"timeout"`: Redis did not answer within `timeout`, so the request may pass. `"cacheBlock"`: this isolate knew that Redis would deny.
   * `"denyList"`: see `deniedValue`. Left out where Redis was asked.
   */
  reason?: RatelimitResponseType;
  /** What was on the deny list. */
  deniedValue?: string | undefined;
}

/** How requests are counted: made by `Ratelimit.slidingWindow` and its like, or one of your own. */
export type Algorithm<TContext> = () => {
  limit: (
    ctx: TContext,
    identifier: string,
    rate?: number,
    opts?: { cache?: EphemeralCache },
  ) => Promise<RatelimitResponse>;
  getRemaining: (ctx: TContext, identifier: string) => Promise<Remaining>;
  resetTokens: (ctx: TContext, identifier: string) => Promise<void>;
};

/** What is left of a quota; `reset` as of a request that passes. */
export interface Remaining {
  remaining: number;
  reset: number;
  limit: number;
}

import { StoreError } from "../../core/errors.ts";
import { misuse } from "../../core/misuse.ts";
import { wholeNumber } from "../../core/whole-number.ts";
import { withDeadline } from "../../limiter/deadline.ts";
import { sleep } from "../../limiter/sleep.ts";
import { MAX_TIMER_MS } from "../../limiter/time.ts";
import type { Algorithm, MultiRegionContext, RatelimitResponse, RegionContext, Remaining } from "./algorithm.ts";
import { Analytics, recordChecked } from "./analytics.ts";
import { countedOf, noteMap } from "./counted-algorithm.ts";
import { type DenyList, denyListOf, NO_DENY_LIST } from "./deny-list.ts";
import { ephemeralCache } from "./ephemeral-cache.ts";
import { dynamicLimitKey, newGuard } from "./guard.ts";
import { limitIn } from "./guarded-level.ts";
import type { LimitOptions, SharedConfig } from "./options.ts";
import type { FullRedis, Redis } from "./redis.ts";
import { deniedResponse, timeoutResponse, withPending } from "./response.ts";

/** Where no prefix is given. */
export const DEFAULT_PREFIX = "@upstash/ratelimit";

/** How long a context's limiter waits, in ms; 0 for ever. */
const timeouts = new WeakMap<object, number>();

/** How long the limiter of a context waits, in ms; 0 for ever, and for a context that has no limiter. */
export const timeoutOf = (ctx: object): number => timeouts.get(ctx) ?? 0;

/** What the classes for one database and for several hand on. */
export interface RatelimitConfig<TContext> extends SharedConfig {
  limiter: Algorithm<TContext>;
  ctx: TContext;
  enableProtection?: boolean;
  denyListThreshold?: number;
}

/** What `Ratelimit` and `MultiRegionRatelimit` have in common. */
export abstract class Ratelimit<TContext extends RegionContext | MultiRegionContext> {
  protected readonly limiter: Algorithm<TContext>;
  protected readonly ctx: TContext;
  protected readonly prefix: string;
  protected readonly timeout: number;
  protected readonly primaryRedis: Redis;
  protected readonly analytics?: Analytics;
  protected readonly enableProtection: boolean;
  protected readonly denyListThreshold: number;
  protected readonly dynamicLimits: boolean;
  readonly #denyList: DenyList;

  constructor(config: RatelimitConfig<TContext>) {
    const { ctx, limiter, prefix = DEFAULT_PREFIX, timeout = 5000, ephemeralCache: map } = config;
    if (typeof limiter !== "function") throw misuse("limiter", "made by slidingWindow or its like", limiter);
    this.ctx = ctx;
    this.limiter = limiter;
    this.prefix = prefix;
    this.timeout = timeout;
    this.dynamicLimits = config.dynamicLimits ?? false;
    this.enableProtection = config.enableProtection ?? false;
    this.denyListThreshold = config.denyListThreshold ?? 6;
    this.primaryRedis = "redis" in ctx ? ctx.redis : (ctx.regionContexts[0] as RegionContext).redis;
    if ("redis" in ctx) Object.assign(ctx, { prefix, dynamicLimits: this.dynamicLimits });
    if (map !== false) ctx.cache = ephemeralCache(map ?? new Map());
    if (map) noteMap(ctx);
    timeouts.set(ctx, Math.min(Math.ceil(Math.max(0, timeout)), MAX_TIMER_MS));
    if (config.analytics) this.analytics = new Analytics({ redis: this.primaryRedis, prefix });
    this.#denyList = this.enableProtection
      ? denyListOf(this.primaryRedis, prefix, this.denyListThreshold)
      : NO_DENY_LIST;
  }

  /**
   * Takes `rate` for the identifier, if all of it is there, else nothing. Passes (reason `"timeout"`) if Redis does not answer within
   * `timeout`; rejects with what the client threw, and with a `TypeError` or `RangeError` on misuse.
   */
  limit = async (identifier: string, req?: LimitOptions): Promise<RatelimitResponse> => {
    const response = await this.#withinTimeout((signal) => this.#answer(identifier, req, signal));
    const recorded = this.analytics && recordChecked(this.analytics, identifier, req, response);
    return recorded ? withPending(response, [recorded]) : response;
  };

  /**
   * Resolves as soon as the request passes, or after `timeout` ms to the denial. What is on the deny list is denied at once. Rejects with
   * an `Error` for a `timeout` that is not above 0.
   */
  blockUntilReady = async (identifier: string, timeout: number): Promise<RatelimitResponse> => {
    if (!(timeout > 0)) throw new Error("timeout must be positive");
    const deadline = Date.now() + timeout;
    for (;;) {
      const response = await this.limit(identifier);
      if (response.success || response.reason === "denyList") return response;
      await sleep(Math.min(MAX_TIMER_MS, Math.max(1, Math.min(response.reset, deadline) - Date.now())), undefined);
      if (Date.now() >= deadline) return response;
    }
  };

  /** Makes the identifier's quota whole: this identifier's alone, whatever characters are in it. */
  resetUsedTokens = async (identifier: string): Promise<void> => {
    await this.limiter().resetTokens(this.ctx, this.#keyOf(identifier));
  };

  /** What is left for the identifier; takes nothing. */
  getRemaining = async (identifier: string): Promise<Remaining> => {
    return this.limiter().getRemaining(this.ctx, this.#keyOf(identifier));
  };

  /**
   * Sets the limit for all identifiers of this prefix, in place of the algorithm's: a whole number from 0, or `false` for the algorithm's own.
   * Holds at once for checks that ask Redis. Rejects with an `Error` without `dynamicLimits`.
   */
  setDynamicLimit = async ({ limit }: { limit: number | false }): Promise<void> => {
    this.#checkDynamic("setDynamicLimit");
    const key = dynamicLimitKey(this.prefix);
    if (limit === false) await (this.primaryRedis as FullRedis).del(key);
    else await this.primaryRedis.set(key, wholeNumber("limit", limit, 0));
    const known = countedOf(this.limiter())?.limitOf(this.ctx);
    if (known) known.text = limit === false ? "" : `${limit}`;
  };

  /** The limit that `setDynamicLimit` has set, `null` for none. Rejects with an `Error` without `dynamicLimits`. */
  getDynamicLimit = async (): Promise<{ dynamicLimit: number | null }> => {
    this.#checkDynamic("getDynamicLimit");
    const value = await this.primaryRedis.get(dynamicLimitKey(this.prefix));
    return { dynamicLimit: limitIn(`${value ?? ""}`) ?? null };
  };

  async #answer(
    identifier: string,
    req: LimitOptions | undefined,
    signal: AbortSignal | undefined,
  ): Promise<RatelimitResponse> {
    const denyList = this.#denyList;
    const guard = denyList.guardFor(identifier, req);
    const remembered = denyList.remembered(guard);
    if (remembered !== undefined) return deniedResponse(remembered);
    const algorithm = this.limiter();
    const counted = countedOf(algorithm);
    const inOne = counted?.guards ?? false;
    if (!inOne && guard.values.length > 0) await denyList.ask(guard);
    const denied = guard.found.at(-1);
    const key = this.#keyOf(identifier);
    const rate = req?.rate;
    let response: RatelimitResponse;
    if (denied !== undefined) response = deniedResponse(denied);
    else if (counted) {
      response = await counted.check(this.ctx, key, { rate, guard: inOne ? guard : newGuard(), signal });
    } else response = await algorithm.limit(this.ctx, key, rate);
    return withPending(response, denyList.noted(guard));
  }

  async #withinTimeout(task: (signal: AbortSignal | undefined) => Promise<RatelimitResponse>) {
    if (!(this.timeout > 0)) return task(undefined);
    try {
      return await withDeadline(Math.min(this.timeout, MAX_TIMER_MS), undefined, task);
    } catch (error) {
      if (error instanceof StoreError && error.kind === "timeout") return timeoutResponse();
      throw error;
    }
  }

  #keyOf(identifier: string): string {
    return `${this.prefix}:${identifier}`;
  }

  #checkDynamic(method: string): void {
    if (!this.dynamicLimits) throw new Error(`dynamicLimits must be enabled in the constructor for ${method}`);
  }
}

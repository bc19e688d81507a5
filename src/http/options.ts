import type { Decision } from "../core/decision.ts";
import { checkFunction, misuse } from "../core/misuse.ts";
import type { FailureMode } from "../limiter/checked-options.ts";
import type { Limiter } from "../limiter/limiter.ts";
import type { Dialects } from "./headers/dialect.ts";

/** What the middleware needs of a limiter, which `createLimiter`, `allOf` or `anyOf` has made. */
export interface Limiting {
  readonly failureMode: FailureMode;
  consume(key: never, options?: never): Promise<Decision>;
  refund(key: never, cost: never, options: never): Promise<Decision>;
}

/** A limiter's keys: text, or a record by level. */
export type KeyOf<L extends Limiting> = Parameters<L["consume"]>[0];
/** How its costs and limits are told. */
export type AmountOf<L extends Limiting> = Parameters<L["refund"]>[1];
export type DecisionOf<L extends Limiting> = Awaited<ReturnType<L["consume"]>>;
/** Only keys that are text have a default. */
export type KeyRequired<L extends Limiting> = string extends KeyOf<L> ? unknown : { readonly key: unknown };

/** What a key function returns: `undefined` and `null` mean that this request is not limited. */
export type KeyValue = string | null | undefined;

type Awaitable<T> = T | Promise<T>;

// biome-ignore lint/suspicious/noConfusingVoidType: a function that only takes note returns nothing.
type Answer = Response | undefined | void;

/**
 * What `rateLimit` and `withRateLimit` share. The functions get the Hono context, or the request and the handler's second
 * argument: `env` on Workers, the connection's info on Deno and Node, the server on Bun, the event on Vercel.
 */
export interface RateLimitOptions<Subject, Info extends readonly unknown[], Source, L extends Limiting = Limiter> {
  /**
   * A limiter, or several as one (`allOf`, `anyOf`), or a function that makes one from the Hono context, or from the handler's
   * second argument. The function runs at the first request of an isolate and its limiter is kept: what the isolate knows of
   * its keys lives there.
   */
  limiter: L | ((source: Source) => L);
  /**
   * Whose quota the request uses. `undefined` or `null`: the request is not limited, so be sure that no client can choose
   * that, as by leaving out a header. An empty key is a key like any other. Of `allOf` a record with a key for each level.
   * Default: `clientIp`, where keys are text.
   */
  key?: ((subject: Subject, ...info: Info) => Awaitable<KeyOf<L> | null | undefined>) | undefined;
  /** Units to take: whole numbers from 0, for every policy or by policy name; of `allOf` also by level. Default 1. */
  cost?: AmountOf<L> | ((subject: Subject, ...info: Info) => Awaitable<AmountOf<L>>) | undefined;
  /**
   * Limits for this request (plans, tiers), for every policy or by name; `undefined` keeps the policies' own. 0 denies it,
   * `Infinity` is no limit. A bucket's burst keeps its proportion to the limit, and a policy its name.
   */
  limit?: AmountOf<L> | ((subject: Subject, ...info: Info) => Awaitable<AmountOf<L> | undefined>) | undefined;
  /** True: this request is not limited, and the store is not asked. */
  skip?: ((subject: Subject, ...info: Info) => Awaitable<boolean>) | undefined;
  /**
   * How responses tell the quota: one of the dialects, or a list of them; `false`: not at all, but for `Retry-After` on
   * denials. Default `standardFields`.
   */
  headers?: Dialects | undefined;
  /**
   * Answers denied requests instead of the problem document; returning nothing leaves it in place. The quota fields are
   * added to its response, and `Retry-After` unless it has one.
   */
  onDenied?: ((subject: Subject, decision: DecisionOf<L>, ...info: Info) => Awaitable<Answer>) | undefined;
  /**
   * True: the cost is given back, so that only failed logins, or only successes, count. It sees the response before the
   * client does; to read the body it must `clone()` the response, before it awaits anything. Where the platform has
   * `waitUntil`, it finishes behind the response, else before it. It is not asked where the handler throws.
   */
  refundOn?: ((response: Response, subject: Subject, ...info: Info) => Awaitable<boolean>) | undefined;
  /**
   * Told of what another option function threw, and may answer for the request. Returning nothing leaves it to the limiter's
   * failure mode: `"open"` and `"memory"` let it pass, not limited and not counted; `"closed"` answers 503. Where the limiter
   * could not be made, its error goes to the app. So do errors of `onDenied`, and errors that are answers (Hono's
   * `HTTPException`); after one of `refundOn` the response stands. Default: `console.error`.
   */
  onError?: ((error: unknown, subject: Subject, ...info: Info) => Awaitable<Answer>) | undefined;
  /** The status of the answer to requests that an operator's rule or a penalty blocks. Default 429. */
  blockedStatus?: 403 | 429 | undefined;
  /** Decides and counts, but never denies and sends no fields; its denials are no strikes of a penalty. Default `false`. */
  dryRun?: boolean | undefined;
}

/** Throws a `TypeError` or `RangeError` that names the option. */
export function checkOptions(options: RateLimitOptions<never, never, never>): void {
  const { limiter } = options;
  if (typeof limiter !== "function" && typeof limiter?.consume !== "function") {
    throw misuse("limiter", "a limiter or a function that makes one", limiter);
  }
  for (const option of ["key", "skip", "onDenied", "refundOn", "onError"] as const) {
    checkFunction(option, options[option]);
  }
}

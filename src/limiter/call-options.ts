import type { Decision } from "../core/decision.ts";
import type { Duration } from "../core/duration.ts";
import type { WaitUntil } from "../core/event.ts";
import type { Amount } from "./amounts.ts";

/** What every call takes. `Amounts`: how it names its amounts. */
export interface CallOptions<Amounts = Amount> {
  /**
   * Limits for this call (plans, tiers): whole numbers from 0, or `Infinity`, for every policy or by name. History is kept.
   * A policy with a limit of 0 denies whatever costs it something, one with `Infinity` nothing, and the call counts nothing of
   * either; where that decides the call, the store is not asked. What is charged or given back under 0 counts all the same. A bucket's burst keeps its proportion to the limit, rounded
   * down and at least 1. A policy keeps its name, also one that is made of its own numbers (`"10-per-1s"`).
   */
  limit?: Amounts | undefined;
  /** Ends the call: it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** The platform's way to finish work behind the answer, for this call. Default: the limiter's `waitUntil`. */
  waitUntil?: WaitUntil | undefined;
}

export interface CheckOptions<Amounts = Amount> extends CallOptions<Amounts> {
  /** Units to take: a whole number from 0 for every policy, or by policy name. Default 1. */
  cost?: Amounts | undefined;
  /** Whether a denial is a strike, where the limiter has a `penalty`. Default `true`; looking and waiting never strike. */
  strikes?: boolean | undefined;
}

export interface RefundOptions<Amounts = Amount> extends CallOptions<Amounts> {
  /**
   * The decision on the call whose cost is given back; it may come out of JSON. It tells who took it: the cost goes back to there, to
   * the store or to this isolate's own counts (source `"memory"`). And when: a window gets back only what it counts, a bucket what has
   * not refilled in the meantime. Where nothing was taken (denied, or source `"fallback"`), nothing is given back. Default: the
   * cost goes to whoever answers now, to what counts now.
   */
  since?: Decision | undefined;
}

export interface ReserveOptions<Amounts = Amount> extends CheckOptions<Amounts> {
  /**
   * What becomes of a reservation that is never settled. `"spent"`: it stays used up, since work that broke off has cost something,
   * too. `"returned"`: with `await using` it goes back where its scope ends. Where the isolate ends before, it stays spent, too:
   * nobody else knows of it. Default `"spent"`.
   */
  unsettled?: "spent" | "returned" | undefined;
  /**
   * With `unsettled: "returned"`, and required there: how long the work can take, 1 ms to 366 days, as in `"30 s"`. What ends later
   * gives nothing back; used beyond what was reserved is booked all the same.
   */
  within?: Duration | undefined;
}

export interface ConsumeOptions<Amounts = Amount> extends CheckOptions<Amounts> {
  /**
   * Longest delay, in ms, that the caller accepts: a token bucket then lends, and `delayMs` says how long to wait before
   * acting. A whole number from 0 to 2^31 - 1. Default 0.
   */
  maxDelayMs?: number | undefined;
}

export interface WaitOptions<Amounts = Amount> extends CheckOptions<Amounts> {
  /**
   * Longest wait in ms, a whole number from 0 to 2^31 - 1. It covers the store's answer, too: where that takes longer, the
   * failure mode answers. With 0 the call is made once, like `consume`.
   */
  timeoutMs: number;
}

/** Options as a caller without types may pass them. */
export type Unchecked = { [Name in keyof (ReserveOptions & RefundOptions)]?: unknown } | null | undefined;

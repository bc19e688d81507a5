import type { Script } from "./scripts.ts";

/** The counts that one policy keeps; what they count is the algorithm's own. All zero: nothing is used. */
export type Counts = readonly number[];

/** The first count; one that isn't there is 0. */
export function first(counts: Counts): number {
  return counts[0] ?? 0;
}

/** What a policy grants in one call, with the call's own `limit` applied. */
export interface Quota {
  /** Units per window, from 1. */
  readonly limit: number;
  readonly windowMs: number;
  /** Most units at once; the limit itself but for a token bucket. */
  readonly burst: number;
}

/** What one call asks of one policy, in the numbers that the algorithm's step and its script both take. */
export interface Demand {
  /** Added to what is in use; negative gives back. */
  readonly delta: number;
  /** A token bucket's refill per ms, a window's length in ms; of the calendar the start of the caller's period. */
  readonly pace: number;
  /** The most that may be in use for the call to be allowed. Below 0 nothing is allowed, so nothing changes. */
  readonly ceiling: number;
  /** The units of a full token bucket, or of a full part of a window; of the calendar the end of the caller's period. */
  readonly full?: number;
  /** A token bucket's window in ms; of the calendar the length of the period behind the caller's. */
  readonly windowMs?: number;
  /** The most parts of a window. */
  readonly parts?: number;
  /** Work in flight's alone: the name of the hold, 12 characters. */
  readonly id?: string;
  /**
   * When that was taken, in ms, of which a negative `delta` gives back. It goes back to where it still counts: into the same window, or
   * less what a bucket may have refilled. Left out: nobody knows, so all of it goes to what counts now. For one who leaves a bucket's
   * queue, which a ceiling tells, it is when the bucket would be whole without that.
   */
  readonly since?: number;
}

/** How many windows before that of `at` the one of `since` is; `Infinity` if it is later than `at`, and so of a state that is gone. */
export function windowsAgo(since: number, at: number, windowMs: number): number {
  return since > at ? Infinity : Math.floor(at / windowMs) - Math.floor(since / windowMs);
}

/** A ceiling that admits anything, for what is booked and never denied. */
export const NO_CEILING = 1e300;

/** A ceiling that admits nothing, so that the step only looks, and that still tells which ceiling is meant. */
export function onlyLook(ceiling: number): number {
  return -1 - ceiling;
}

/** What a step replies: the latest time seen, in ms, and the counts of each policy as of then, one behind the other. */
export type State = readonly [at: number, ...counts: number[]];

/** The outcome of a step. */
export interface Step {
  readonly allowed: boolean;
  /** The state as of its `at`: after the call if it is allowed, else before it. */
  readonly state: State;
  /** What to keep of it. An allowed step may change what was kept before and return that; a denied one leaves it alone. */
  readonly kept: unknown;
  /** Ms after which what is kept can be forgotten, by the caller's clock; 0 if at once. */
  readonly ttlMs: number;
  /** Whether a denied step leaves something all the same: a strike, or a block. */
  readonly writes?: boolean;
  /** Set where a penalty blocks the key: until when, negative if that begins with this call. */
  readonly blockedUntil?: number;
}

/** One algorithm: pure functions of whole numbers. The first four are written once more in Lua. */
export interface Algorithm {
  /** The algorithm in Lua, for a policy that is decided alone. */
  readonly script: Script;
  /** The script of several keys, with one policy or several each, that knows it, where the usual ones don't. */
  readonly set?: Script;
  /** Its twin, where what is kept is more than the state that a step replies. */
  readonly step?: (kept: unknown, now: number, demand: Demand) => Step;
  /** Whether a demand can have come to that, where other rules hold than that what is in use is within the ceiling. */
  readonly follows?: (counts: Counts, at: number, demand: Demand, allowed: boolean) => boolean;
  /** Whether a demand would be allowed on what a look for it found, where that is not what `load` says. */
  readonly admits?: (counts: Counts, demand: Demand) => boolean;
  /** One letter that stands for it in store keys and in the scripts of several policies. */
  readonly code: "b" | "s" | "f" | "l" | "p" | "c" | "n";
  /** What store keys have in place of that and the window, given the window as text. Left out where these are all. */
  kind?(window: string): string;
  /** The largest limit, where that is not what keeps `limit × window` exact. */
  readonly most?: number;
  /** How many counts a state holds; a log's is the least. */
  readonly size: number;

  /** The counts as of `to`, at or after `from`. */
  advance(counts: Counts, from: number, to: number, demand: Demand): Counts;
  /** The counts with `delta` in use more, at `at`; never below nothing used. */
  add(counts: Counts, delta: number, demand: Demand, at: number): Counts;
  /** What of a state a reply tells, at least two counts, where the algorithm is alone and that is not all. */
  told?(state: State, demand: Demand): State;
  /** What is in use at `at`, to hold against a demand's ceiling. */
  load(counts: Counts, at: number, demand: Demand): number;
  /** Ms until state with anything in use can be forgotten, from 0; `leadMs`: how far `at` is ahead of the caller's clock. */
  lifeMs(counts: Counts, at: number, demand: Demand, leadMs: number): number;
  /** Ms until nothing is in use any more. Left out where that is the life of the state. */
  emptyAfterMs?(counts: Counts, demand: Demand): number;

  /**
   * The step's numbers for a cost; `maxDelayMs` is how long a token bucket may make the caller wait. `now`: the caller's time,
   * which tells a window of the calendar its period; left out where only counts are read.
   */
  demand(quota: Quota, cost: number, maxDelayMs: number, now?: number): Demand;
  /** Units that could be taken at `at`, rounded down, from 0. */
  remaining(counts: Counts, at: number, quota: Quota): number;
  /**
   * Ms from `at` until `cost` passes without anything lent; 0 if it does at once, `Infinity` if it never can, `NaN` if
   * only the store knows.
   */
  retryAfterMs(counts: Counts, at: number, quota: Quota, cost: number): number;
  /** Ms to wait before acting on what was lent. Left out where nothing is ever lent. */
  delayMs?(counts: Counts, quota: Quota): number;
}

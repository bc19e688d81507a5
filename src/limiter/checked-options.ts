import type { Policy } from "../algorithm/policy.ts";
import type { Observer, WaitUntil } from "../core/event.ts";
import type { LimiterToDescribe } from "../core/limiter-to-describe.ts";
import type { Store } from "../store/store.ts";

/** What answers when the store can't: let pass, deny, or count in this isolate alone. */
export type FailureMode = "open" | "closed" | "memory";

export interface SnapshotOptions {
  /** Most keys remembered, a whole number from 2; the half of them that was used last is never forgotten. Default 10 000. */
  maxKeys?: number | undefined;
  /**
   * Longest time, in ms, that this isolate denies without asking the store again; so long can a `reset` or `refund`
   * by another isolate go unseen. A whole number from 1. Default 5000.
   */
  maxAgeMs?: number | undefined;
}

export interface BreakerOptions {
  /** Failures in a row after which the store is no longer asked, a whole number from 1. Default 3. */
  failures?: number | undefined;
  /** The first pause in ms, a whole number from 1. Each is cut at random by up to a half. Default 500. */
  pauseMs?: number | undefined;
  /** The longest pause in ms, a whole number from `pauseMs`: each failed try doubles it up to there. Default 10 000. */
  maxPauseMs?: number | undefined;
}

/** `Options` with a value for each. */
type Checked<Options> = { readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined> };
export type CheckedSnapshotOptions = Checked<SnapshotOptions>;
export type CheckedBreakerOptions = Checked<BreakerOptions>;

/** The options of a limiter with their defaults. */
export interface CheckedOptions {
  readonly name: string;
  readonly store: Store;
  readonly policies: readonly Policy[];
  readonly timeoutMs: number;
  readonly failureMode: FailureMode;
  readonly snapshots: CheckedSnapshotOptions | undefined;
  readonly breaker: CheckedBreakerOptions | undefined;
  readonly now: () => number;
  readonly tell: Observer | undefined;
  readonly waitUntil: WaitUntil | undefined;
  readonly details?: NonNullable<LimiterToDescribe["details"]>;
}

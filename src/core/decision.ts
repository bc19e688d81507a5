import type { StoreError } from "./errors.ts";

/** One policy's part of a decision. */
export interface PolicyStatus {
  /** The policy's name. */
  readonly policy: string;
  /** Set where the units are pieces of work at once (`inFlight`); the window is then how long a hold lasts. */
  readonly unit?: "concurrent-requests";
  /** Units per window in force for this call. If it is 0 or `Infinity`, nothing is counted, and the next two are the same. */
  readonly limit: number;
  /** The window's length in ms. */
  readonly windowMs: number;
  /** Most units at once: a token bucket's `burst`, else the limit. */
  readonly burst: number;
  /** Units that could be taken now, rounded down, from 0 to `burst`. 10 a minute with 3 taken: 7. */
  readonly remaining: number;
  /** Ms until this call's cost passes: 0 if it passes now, `Infinity` if it exceeds what the policy can ever give. */
  readonly retryAfterMs: number;
  /** Ms until the quota is whole again, 0 if it is. */
  readonly resetAfterMs: number;
}

/** What one region's database gave of a call's cost, as plain data. */
export interface RegionPart {
  /** When it did, by its store's time, in ms since the epoch. */
  readonly at: number;
  /** The units, for each policy in the order of the limiter's `policies`. */
  readonly units: readonly number[];
}

/** An answer that knows the counts. Its JSON leaves out what is `Infinity`, for which JSON has no number. */
export interface KnownDecision {
  readonly allowed: boolean;
  /** The policy that binds: the one that denied (with the longest wait), else the one that would deny first. */
  readonly policy: string;
  /** That policy's units per window. */
  readonly limit: number;
  /** Most units of that policy at once: a token bucket's `burst`, else the limit. */
  readonly burst: number;
  /** That policy's units left, rounded down, from 0 to `burst`. */
  readonly remaining: number;
  /** Ms until this call's cost passes without anything lent; 0 if allowed; `Infinity` if it never can. */
  readonly retryAfterMs: number;
  /** Ms until every policy's quota is whole again. */
  readonly resetAfterMs: number;
  /** Ms to wait before acting; 0 unless a token bucket lent (`maxDelayMs`). */
  readonly delayMs: number;
  /**
   * The store's time as of which the numbers stand, in ms since the epoch: of an allowed call, when it took its cost, which `refund`
   * reads (`since`). 0 where the call's own limits decided it, so that nothing was counted.
   */
  readonly at: number;
  /**
   * Every policy's numbers, in the order of the limiter's `policies`. Where a call's own limit of 0 denied it, only those of
   * such policies: the store was not asked for the others.
   */
  readonly policies: readonly PolicyStatus[];
  /**
   * Who answered: the store; this isolate, as the store would have, from the last state that it saw or because the call's
   * own limits decide it (`"snapshot"`); this isolate from what it took ahead, or because there was none left a moment ago
   * (`"lease"`: the numbers are those of its last request, and its own units count as not used); or, because the store could not be asked, this isolate with counts of its own
   * (`"memory"`).
   */
  readonly source: "store" | "snapshot" | "lease" | "memory";
  /**
   * Set where the quota is split over `regions`: which of them gave the cost, by name. The counts are then those of the regions that
   * this call asked or that this isolate knows to be exhausted; the others may have more.
   */
  readonly regions?: Readonly<Record<string, RegionPart>>;
  /** Why the store could not be asked; set with source `"memory"`. */
  readonly error?: StoreError;
}

/** An answer by failure mode alone: the store could not be asked, and nobody knows the counts. */
export interface FallbackDecision {
  /** True with failure mode `"open"`, false with `"closed"`. */
  readonly allowed: boolean;
  /** The limiter's first policy: there is no telling which one binds. */
  readonly policy: string;
  /** That policy's units per window. */
  readonly limit: number;
  /** Ms after which asking again makes sense; 0 if allowed. */
  readonly retryAfterMs: number;
  readonly delayMs: 0;
  readonly source: "fallback";
  readonly error: StoreError;
}

/** An operator's rule that decides calls whatever has been counted. */
export interface RuleInForce {
  readonly what: "allow" | "block";
  /** Why, in the operator's words. They are not for clients. */
  readonly why?: string;
  /** When the rule ends, in ms since the epoch; left out if it has no end. */
  readonly until?: number;
}

/** An answer by an operator's rule: the call is not counted, and nobody was asked for counts, so there are none. */
export interface RuleDecision {
  readonly allowed: boolean;
  readonly policy: "rule";
  readonly rule: RuleInForce;
  /** Ms until a block ends, `Infinity` if it has no end; 0 if allowed. */
  readonly retryAfterMs: number;
  readonly delayMs: 0;
  readonly source: "rule";
  readonly error?: undefined;
}

/** An answer to a call whose key is blocked: after denials, by the limiter's `penalty`, or by `block`. */
export interface BlockedDecision {
  readonly allowed: false;
  readonly policy: "blocked";
  /** When the block ends, in ms since the epoch, by the store's time. */
  readonly blockedUntil: number;
  /** Ms until this call's cost passes: until the block ends, or longer where the quota then has no room; `Infinity` if it never can. */
  readonly retryAfterMs: number;
  readonly delayMs: 0;
  readonly source: "penalty";
  /** Why the store could not be asked; set where this isolate alone has counted (failure mode `"memory"`). */
  readonly error?: StoreError;
}

/** The answer to a check: a union on `source`. */
export type Decision = KnownDecision | FallbackDecision | RuleDecision | BlockedDecision;

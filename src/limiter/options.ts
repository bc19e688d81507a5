import type { Policy } from "../algorithm/policy.ts";
import type { Decision } from "../core/decision.ts";
import { shown, wholeNumber } from "../core/whole-number.ts";
import type { Store } from "../store/store.ts";

/** What answers when the store can't: let pass, deny, or count in this isolate alone. */
export type FailureMode = "open" | "closed" | "memory";

export interface SnapshotOptions {
  /** Most keys remembered, a whole number from 1; past it the least recently used is forgotten. Default 10 000. */
  maxKeys?: number;
  /**
   * Longest time, in ms, that this isolate denies without asking the store again; so long can a `reset` or `refund`
   * by another isolate go unseen. A whole number from 1. Default 5000.
   */
  maxAgeMs?: number;
}

export interface BreakerOptions {
  /** Failures in a row after which the store is no longer asked, a whole number from 1. Default 3. */
  failures?: number;
  /** The first pause in ms, a whole number from 1. Each is cut at random by up to a half. Default 500. */
  pauseMs?: number;
  /** The longest pause in ms, a whole number from `pauseMs`: each failed try doubles it up to there. Default 10 000. */
  maxPauseMs?: number;
}

export interface LimiterOptions {
  /** Where state lives: `redisStore(…)` or `memoryStore()`. */
  store: Store;
  /** 1 to 8 policies with distinct names, decided together: all take their cost, or none does. */
  policies: readonly Policy[];
  /**
   * Keeps limiters apart that share a database: 1 to 64 characters in which no part between colons reads like a policy's
   * own part of a key (`b10s`). Default `"sluice"`.
   */
  prefix?: string;
  /** Longest wait for the store, in ms, a whole number from 1 to 2^31 - 1. Default 1000. */
  timeoutMs?: number;
  /** Default `"open"`. `"memory"` counts in this isolate alone: each isolate then admits the whole limit by itself. */
  failureMode?: FailureMode;
  /**
   * After failures in a row, answer by `failureMode` at once instead of waiting out `timeoutMs` in each call: for a pause,
   * after which one call at a time asks the store again. A success ends it. `reset` asks always. Default `true`.
   */
  breaker?: boolean | BreakerOptions;
  /** Deny from the last state seen where the store would deny too, without asking it. Default `true`. */
  snapshots?: boolean | SnapshotOptions;
  /** The clock: ms since the epoch. Default `Date.now`. */
  now?: () => number;
  /** Sees every decision on its way out, those of failure modes too; what it throws is ignored. */
  onDecision?: (decision: Decision, key: string) => void;
}

/** `LimiterOptions` with their defaults. */
export type CheckedOptions = Required<Omit<LimiterOptions, "snapshots" | "breaker" | "onDecision">> & {
  readonly snapshots: Required<SnapshotOptions> | undefined;
  readonly breaker: Required<BreakerOptions> | undefined;
  readonly onDecision: LimiterOptions["onDecision"];
};

/** The longest delay that a timer takes. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Behind such a part, a key of one prefix could be the key of another. */
const LIKE_A_KIND = /:[bsfl]\d+(ms|[smhd])(\+[bsfl]\d+(ms|[smhd]))*([:#]|$)/;

/** The options with their defaults; throws a `TypeError` or `RangeError` that names the option. */
export function checkedOptions(options: LimiterOptions): CheckedOptions {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`createLimiter takes an object of options, not ${shown(options)}`);
  }
  const { store, policies, prefix = "sluice", timeoutMs = 1000, failureMode = "open" } = options;
  const { snapshots = true, breaker = true, now = Date.now, onDecision } = options;
  if (typeof store?.step !== "function") throw new TypeError("store must be redisStore(…) or memoryStore()");
  if (typeof prefix !== "string") throw new TypeError(`prefix must be text, not ${shown(prefix)}`);
  if (prefix.length < 1 || prefix.length > 64 || !prefix.isWellFormed() || LIKE_A_KIND.test(prefix)) {
    throw new RangeError(
      `prefix must be 1 to 64 characters in which no part reads like a policy's (as ":b10s:" does), not ${shown(prefix)}`,
    );
  }
  wholeNumber("timeoutMs", timeoutMs, 1, MAX_TIMER_MS);
  if (failureMode !== "open" && failureMode !== "closed" && failureMode !== "memory") {
    throw new RangeError(`failureMode must be "open", "closed" or "memory", not ${shown(failureMode)}`);
  }
  if (typeof now !== "function") throw new TypeError(`now must be a function, not ${shown(now)}`);
  if (onDecision !== undefined && typeof onDecision !== "function") {
    throw new TypeError(`onDecision must be a function, not ${shown(onDecision)}`);
  }
  return {
    store,
    policies,
    prefix,
    timeoutMs,
    failureMode,
    snapshots: snapshotOptions(snapshots),
    breaker: breakerOptions(breaker),
    now,
    onDecision,
  };
}

function snapshotOptions(snapshots: unknown): Required<SnapshotOptions> | undefined {
  const options = switchable<SnapshotOptions>("snapshots", snapshots);
  if (!options) return undefined;
  const { maxKeys = 10_000, maxAgeMs = 5000 } = options;
  return {
    maxKeys: wholeNumber("snapshots.maxKeys", maxKeys, 1),
    maxAgeMs: wholeNumber("snapshots.maxAgeMs", maxAgeMs, 1),
  };
}

function breakerOptions(breaker: unknown): Required<BreakerOptions> | undefined {
  const options = switchable<BreakerOptions>("breaker", breaker);
  if (!options) return undefined;
  const { failures = 3, pauseMs = 500 } = options;
  wholeNumber("breaker.pauseMs", pauseMs, 1, MAX_TIMER_MS);
  const { maxPauseMs = Math.max(10_000, pauseMs) } = options;
  return {
    failures: wholeNumber("breaker.failures", failures, 1),
    pauseMs,
    maxPauseMs: wholeNumber("breaker.maxPauseMs", maxPauseMs, pauseMs, MAX_TIMER_MS),
  };
}

/** The options of what `true` turns on with all defaults and `false` turns off. */
function switchable<Options>(name: string, value: unknown): Options | undefined {
  if (value === false) return undefined;
  if (value === true) return {} as Options;
  if (typeof value === "object" && value !== null) return value as Options;
  throw new TypeError(`${name} must be true, false or an object of options, not ${shown(value)}`);
}

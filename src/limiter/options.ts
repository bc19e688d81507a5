import type { Policy } from "../algorithm/policy.ts";
import type { Observer, WaitUntil } from "../core/event.ts";
import { checkFunction, misuse, refuseOthers } from "../core/misuse.ts";
import { checkedName } from "../core/name.ts";
import { wholeNumber } from "../core/whole-number.ts";
import type { Store } from "../store/store.ts";
import type {
  BreakerOptions,
  CheckedBreakerOptions,
  CheckedOptions,
  CheckedSnapshotOptions,
  FailureMode,
  SnapshotOptions,
} from "./checked-options.ts";
import type { Extensions } from "./extension.ts";
import { tellerOf } from "./observers.ts";
import type { Penalty } from "./penalty/penalty.ts";
import { MAX_TIMER_MS } from "./time.ts";

export interface LimiterOptions extends Extensions {
  /**
   * What the limit is for, as in `"login"`: 1 to 64 letters, digits, dots, dashes or underscores. The first part of its
   * keys in the store, and its label in events. Limiters of one name share their counts, so on one store their policies
   * must be the same.
   */
  name: string;
  /** Where state lives: `redisStore(…)` or `memoryStore()`. */
  store: Store;
  /** 1 to 8 policies with distinct names, decided together: all take their cost, or none does; and a `penalty` at most. */
  policies: readonly (Policy | Penalty)[];
  /** Longest wait for the store, in ms, a whole number from 1 to 2^31 - 1. Default 1000. */
  timeoutMs?: number | undefined;
  /** Default `"open"`. `"memory"` counts in this isolate alone: each isolate then admits the whole limit by itself. */
  failureMode?: FailureMode | undefined;
  /**
   * After failures in a row, answer by `failureMode` at once instead of waiting out `timeoutMs` in each call: for a pause,
   * after which one call at a time asks the store again. A success ends it. `reset` asks always. Default `true`.
   */
  breaker?: boolean | BreakerOptions | undefined;
  /**
   * Deny from the last state seen where the store would deny too, without asking it. Default `true`. A memory store is asked
   * always: it costs no more.
   */
  snapshots?: boolean | SnapshotOptions | undefined;
  /** The clock: ms since the epoch. Default `Date.now`. */
  now?: (() => number) | undefined;
  /** Who sees every decision and every request to the store: a function, or a list of them. */
  onEvent?: Observer | readonly Observer[] | undefined;
  /**
   * The platform's way to finish work behind the answer: `waitUntil` from `cloudflare:workers` or `@vercel/functions`; on a
   * server `() => {}`. Calls may bring their own. Default: none, so that nothing is left to run behind an answer.
   */
  waitUntil?: WaitUntil | undefined;
}

/** The options with their defaults; throws a `TypeError` or `RangeError` that names the option. */
export function checkedOptions(options: LimiterOptions): CheckedOptions {
  if (typeof options !== "object" || options === null) {
    throw misuse("The options of createLimiter", "an object", options);
  }
  const { name, store, policies, timeoutMs = 1000, failureMode = "open", onEvent, waitUntil, ...more } = options;
  // Looked up at each call, so that a test which replaces Date replaces the clock of limiters made before.
  const { snapshots = true, breaker = true, now = () => Date.now(), leases, rules, ...others } = more;
  refuseOthers(others);
  checkedName("name", name);
  if (typeof store?.step !== "function") throw misuse("store", "redisStore(…) or memoryStore()", store);
  wholeNumber("timeoutMs", timeoutMs, 1, MAX_TIMER_MS);
  if (failureMode !== "open" && failureMode !== "closed" && failureMode !== "memory") {
    throw misuse("failureMode", '"open", "closed" or "memory"', failureMode, true);
  }
  checkFunction("now", now);
  checkFunction("waitUntil", waitUntil);
  return {
    name,
    store,
    // What is no policy is taken out by what it brings, or refused with the rest.
    policies: (Array.isArray(policies) ? [...policies] : policies) as readonly Policy[],
    timeoutMs,
    failureMode,
    snapshots: snapshotOptions(snapshots),
    breaker: breakerOptions(breaker),
    now,
    tell: tellerOf(onEvent),
    waitUntil,
  };
}

function snapshotOptions(snapshots: unknown): CheckedSnapshotOptions | undefined {
  const options = switchable<SnapshotOptions>("snapshots", snapshots);
  if (!options) return undefined;
  const { maxKeys = 10_000, maxAgeMs = 5000 } = options;
  return {
    maxKeys: wholeNumber("snapshots.maxKeys", maxKeys, 2),
    maxAgeMs: wholeNumber("snapshots.maxAgeMs", maxAgeMs, 1),
  };
}

function breakerOptions(breaker: unknown): CheckedBreakerOptions | undefined {
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
  throw misuse(name, "true, false or an object of options", value);
}

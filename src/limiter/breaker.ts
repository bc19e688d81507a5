import { StoreError } from "../core/errors.ts";
import type { CheckedBreakerOptions } from "./checked-options.ts";

/**
 * Keeps an outage from costing every call its deadline. Plain data, so that requests may share it: a pause ends by the
 * clock of whoever asks next, and a call that never reports back, as when a runtime ends its request, holds up nobody.
 */
export interface Breaker {
  /** To be shown to `failed` by a call that may ask the store at `now`; or why it may not. */
  pass(now: number): number | StoreError;
  succeeded(): void;
  failed(pass: number, error: StoreError, now: number): void;
  /** Ms from `now` until the store may be asked; 0 while it is. */
  pauseMs(now: number): number;
}

/** `timeoutMs`: a call that asks after a pause is taken for lost, and another let through, after twice as long. */
export function createBreaker(options: CheckedBreakerOptions, timeoutMs: number): Breaker {
  let failures = 0;
  // Calls from before the pause, or from before the latest try, tell nothing new when they fail.
  let valid = 0;
  let pause: { readonly since: number; readonly until: number; readonly last: StoreError } | undefined;
  let nextPauseMs = options.pauseMs;

  function pauseMs(now: number): number {
    // A clock set back must not lengthen a pause, so it ends it.
    return pause && now >= pause.since ? Math.max(0, pause.until - now) : 0;
  }

  function succeeded(): void {
    failures = 0;
    pause = undefined;
    nextPauseMs = options.pauseMs;
  }

  return {
    pauseMs,
    succeeded,
    pass(now) {
      if (!pause) return valid;
      if (pauseMs(now) > 0) return refusal(failures, pause);
      // Twice, since a timer fires late: its own failure is to be heard before the next one is let through.
      pause = { ...pause, since: now, until: now + 2 * timeoutMs };
      valid += 1;
      return valid;
    },
    failed(pass, error, now) {
      // Somebody else's value under this key: the store is well.
      if (error.code === "WRONGTYPE") return succeeded();
      if (pass !== valid) return;
      failures += 1;
      if (failures < options.failures) return;
      const cutMs = Math.floor((Math.random() * nextPauseMs) / 2);
      pause = { since: now, until: now + nextPauseMs - cutMs, last: error };
      valid += 1;
      nextPauseMs = Math.min(2 * nextPauseMs, options.maxPauseMs);
    },
  };
}

function refusal(failures: number, { until, last }: { until: number; last: StoreError }): StoreError {
  const when = new Date(until).toISOString();
  const text = `The store is not asked before ${when}, after ${failures} failures in a row, the last: ${last.message}`;
  return new StoreError(last.kind, text, last.code);
}

import { StoreError } from "../core/errors.ts";
import type { StoreEvent } from "../core/event.ts";
import { createBreaker } from "./breaker.ts";
import type { Call, Spent } from "./call.ts";
import type { CheckedOptions } from "./checked-options.ts";
import { withDeadline } from "./deadline.ts";
import { timeOf } from "./time.ts";

/** Asks a store: with a deadline, not while it is known to be away, and so that the observers see it. */
export interface Asker {
  /** Resolves to what the store answers, or to why it did not; rejects with the caller's own reason alone. */
  check<T>(
    call: Pick<Call, "signal" | "spent"> & Partial<Pick<Call, "timeoutMs">>,
    task: (signal: AbortSignal) => Promise<T>,
    purpose?: StoreEvent["purpose"],
  ): Promise<T | StoreError>;
  /** Makes a state be forgotten; asks always, and rejects with a `StoreError`. */
  reset(signal: AbortSignal | undefined, task: (signal: AbortSignal) => Promise<void>): Promise<void>;
  /** Ms until the store may be asked for a check; 0 while it may. */
  pauseMs(): number;
}

/** `leastMs`: so long a store has to have been waited for before its lateness is a failure of its own. */
export function createAsker(
  options: Pick<CheckedOptions, "name" | "timeoutMs" | "breaker" | "now" | "tell">,
  leastMs = options.timeoutMs,
): Asker {
  const { name, timeoutMs, now, tell } = options;
  const breaker = options.breaker && createBreaker(options.breaker, timeoutMs);

  /** Tells the observers that the store was asked at `since`. */
  function told(purpose: StoreEvent["purpose"], since: number, spent: Spent, error?: StoreError): void {
    if (!tell) return;
    const ms = Math.max(0, timeOf(now) - since);
    spent.storeMs = (spent.storeMs ?? 0) + ms;
    tell({ type: "store", limiter: name, purpose, ms, ...(error && { error }) });
  }

  return {
    pauseMs: () => breaker?.pauseMs(timeOf(now)) ?? 0,

    async check(call, task, purpose = "check") {
      const since = timeOf(now);
      const pass = breaker?.pass(since) ?? 0;
      if (pass instanceof StoreError) return pass;
      // A wait may leave less time than the limiter gives its store: then lateness is no failure of the store.
      const inTimeMs = Math.min(call.timeoutMs ?? timeoutMs, timeoutMs);
      try {
        const answer = await withDeadline(inTimeMs, call.signal, task);
        told(purpose, since, call.spent);
        breaker?.succeeded();
        return answer;
      } catch (thrown) {
        if (call.signal?.aborted) throw call.signal.reason;
        const error = storeError(thrown);
        told(purpose, since, call.spent, error);
        if (inTimeMs >= leastMs || error.kind !== "timeout") breaker?.failed(pass, error, timeOf(now));
        return error;
      }
    },

    async reset(signal, task) {
      const since = timeOf(now);
      try {
        await withDeadline(timeoutMs, signal, task);
        told("reset", since, {});
      } catch (thrown) {
        if (!signal?.aborted) told("reset", since, {}, storeError(thrown));
        throw thrown;
      }
    },
  };
}

function storeError(thrown: unknown): StoreError {
  return thrown instanceof StoreError ? thrown : new StoreError("reply", "The store broke its own contract");
}

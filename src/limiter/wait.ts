import type { Decision } from "../core/decision.ts";
import { sleep } from "./sleep.ts";

/** What waiting needs of a limiter, for one key and one cost. */
export interface Waiter<Answer extends Decision> {
  /** Consumes, and accepts a delay of up to `leftMs`. */
  consume(leftMs: number): Promise<Answer>;
  /** Gives back what `lent` took, as far as nobody has queued behind it; `delayLeftMs` of its delay were still to come. */
  leave(lent: Answer, delayLeftMs: number): Promise<unknown>;
  /** The same decision once its delay is over. */
  acted(lent: Answer): Answer;
  /** Lets work end behind the answer. */
  detach(task: Promise<unknown>): void;
  now(): number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Consumes as soon as the cost passes. A token bucket lends, so that waiters queue in the order of their calls with one
 * round trip each; windows can't lend, so for them the sleep ends when the cost would pass, and the call is made again.
 */
export async function waitFor<Answer extends Decision>(timeoutMs: number, waiter: Waiter<Answer>): Promise<Answer> {
  const { now, signal } = waiter;
  let leftMs = timeoutMs;
  let seenAt = now();
  /** Counts what has passed, at least `leastMs`: a clock set back must not make the wait longer. */
  const pass = (leastMs: number) => {
    const time = now();
    leftMs = Math.max(0, leftMs - Math.max(leastMs, time - seenAt));
    seenAt = time;
  };
  for (;;) {
    const decision = await waiter.consume(leftMs);
    pass(0);
    if (decision.allowed) {
      if (decision.delayMs === 0) return decision;
      await act(decision);
      return waiter.acted(decision);
    }
    if (decision.source === "fallback" || decision.retryAfterMs > leftMs) return decision;
    await sleep(decision.retryAfterMs, signal);
    pass(decision.retryAfterMs);
  }
  /** Sleeps until what was lent may be acted on; gives it back if the caller goes, who hears of that at once. */
  async function act(lent: Answer): Promise<void> {
    const since = now();
    try {
      await sleep(lent.delayMs, signal);
    } catch (reason) {
      const sleptMs = Math.max(0, now() - since);
      waiter.detach(waiter.leave(lent, Math.max(0, lent.delayMs - sleptMs)).catch(() => {}));
      throw reason;
    }
  }
}

import type { Decision } from "../core/decision.ts";
import type { ConsumeOptions, Limiter, WaitOptions } from "./limiter.ts";
import { sleep } from "./sleep.ts";

/**
 * Consumes as soon as the cost passes. A token bucket lends, so that waiters queue in the order of their calls with one
 * round trip each; windows can't lend, so for them the sleep ends when the cost would pass, and the call is made again.
 */
export async function waitFor(
  limiter: Pick<Limiter, "consume" | "refund">,
  key: string,
  { timeoutMs, ...options }: WaitOptions,
  now: () => number,
): Promise<Decision> {
  const deadline = now() + timeoutMs;
  for (;;) {
    const leftMs = Math.max(0, deadline - now());
    const decision = await limiter.consume(key, { ...options, maxDelayMs: leftMs } satisfies ConsumeOptions);
    if (decision.allowed) {
      await act(decision.delayMs);
      return { ...decision, delayMs: 0 };
    }
    if (decision.source === "fallback" || decision.retryAfterMs > deadline - now()) return decision;
    await sleep(decision.retryAfterMs, options.signal);
  }

  /** Sleeps until what was lent may be acted on; gives it back if the caller goes. */
  async function act(delayMs: number): Promise<void> {
    if (delayMs === 0) return;
    try {
      await sleep(delayMs, options.signal);
    } catch (reason) {
      const { signal: _aborted, cost = 1, ...rest } = options;
      await limiter.refund(key, cost, rest);
      throw reason;
    }
  }
}

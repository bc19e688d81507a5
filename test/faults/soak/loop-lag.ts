/**
 * How late this process's own event loop was, and when. No deadline can be kept to the millisecond on a machine that is
 * busy with something else: a timer fires when the loop gets to it. So what a call took is held against its deadline
 * plus the time in which, during that very call, nothing at all ran here.
 */
export interface LoopLag {
  /** Ms between `from` and `to` (of `performance.now()`) in which the loop stood still. */
  during(from: number, to: number): number;
  /** The longest standstill, in ms. */
  readonly worst: number;
  stop(): void;
}

const EVERY_MS = 5;

/** Watches the event loop until stopped. */
export function watchLoop(): LoopLag {
  const standstills: { readonly until: number; readonly ms: number }[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const ms = now - last - EVERY_MS;
    if (ms > 1) standstills.push({ until: now, ms });
    last = now;
  }, EVERY_MS);
  return {
    during: (from, to) =>
      standstills.reduce((sum, { until, ms }) => (until >= from && until - ms <= to ? sum + ms : sum), 0) +
      // Still standing when asked: the tick that would say so has not come yet.
      Math.max(0, to - last - EVERY_MS),
    get worst() {
      return standstills.reduce((worst, { ms }) => Math.max(worst, ms), 0);
    },
    stop: () => clearInterval(timer),
  };
}

import { setImmediate } from "node:timers/promises";

/** A clock that jumps from one sleeper's end to the next, in their order: hours of waiting take no time. */
export function virtualTime(start = 1_000_000_000_000) {
  let time = start;
  const sleepers = new Set<{ at: number; wake: () => void }>();
  return {
    now: () => time,

    sleep: (ms: number, signal?: AbortSignal): Promise<void> =>
      new Promise((resolve, reject) => {
        const sleeper = { at: time + ms, wake: resolve };
        sleepers.add(sleeper);
        const onAbort = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        if (signal?.aborted) onAbort();
        else signal?.addEventListener("abort", onAbort, { once: true });
      }),

    /** Resolves to what `work` comes to, and lets time pass until then. */
    async run<T>(work: Promise<T>): Promise<T> {
      let isOver = false;
      const over = () => {
        isOver = true;
      };
      work.then(over, over);
      for (;;) {
        // Everybody gets to their next sleep first.
        await setImmediate();
        if (isOver) return work;
        const [first] = [...sleepers].sort((a, b) => a.at - b.at);
        if (!first) throw new Error("Nobody sleeps, and the work is not over");
        sleepers.delete(first);
        time = Math.max(time, first.at);
        first.wake();
      }
    },
  };
}

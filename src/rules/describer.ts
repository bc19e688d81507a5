import type { LimiterToDescribe } from "../core/limiter-to-describe.ts";
import { type Scripts, writeDescription } from "../limiter/described/descriptions.ts";

export type Write = (signal: AbortSignal) => Promise<void>;

/** Says when a limiter is to describe itself to the database: once in each isolate, and no more often than the rules are read. */
export interface Describer {
  /** What a call at `at` should see to, if anything; it counts as begun. */
  due(at: number): Write | undefined;
}

export function createDescriber(scripts: Scripts, limiter: LimiterToDescribe, refreshMs: number): Describer {
  let nextAt = -Infinity;
  return {
    due(at) {
      if (at < nextAt) return undefined;
      nextAt = at + refreshMs;
      return async (signal) => {
        await writeDescription(scripts, limiter, at, signal);
        nextAt = Infinity;
      };
    },
  };
}

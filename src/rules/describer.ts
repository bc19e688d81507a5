import type { LimiterToDescribe } from "../core/limiter-to-describe.ts";
import { descriptionText } from "../limiter/described/description.ts";
import { DAY_MS, MOST_LIMITERS, type Scripts, writeDescription } from "../limiter/described/descriptions.ts";

export type Write = (signal: AbortSignal) => Promise<void>;

/** What a call at `at` should see to, so that its limiter is described to the database, if anything; it counts as begun. */
export type Describer = (at: number) => Write | undefined;

/**
 * Makes the describers of limiters that share rules. What one of them has said the others need not say, as where limiters are made
 * for each request: once a day in each isolate, and where it fails no more often than the rules are read. No more of them are
 * remembered than the database keeps.
 */
export function describersOf(scripts: Scripts, refreshMs: number): (limiter: LimiterToDescribe) => Describer {
  const nextAt = new Map<string, number>();
  return (limiter) => {
    const said = limiter.name + descriptionText(limiter);
    return (at) => {
      if (at < (nextAt.get(said) ?? (nextAt.size < MOST_LIMITERS ? 0 : Infinity))) return undefined;
      nextAt.set(said, at + refreshMs);
      return async (signal) => {
        await writeDescription(scripts, limiter, at, signal);
        nextAt.set(said, at + DAY_MS);
      };
    };
  };
}

import type { Question } from "../limiter/methods.ts";
import type { Reader } from "./reader.ts";

/** A read that a limiter has begun. */
export interface Attempt {
  readonly at: number;
  /** Whether calls may go on by what is known meanwhile. */
  readonly mayBeLate: boolean;
  /** To be set where it failed: then it was only this limiter's turn, and the others need not wait for the next one. */
  hasFailed: boolean;
}

/** Says when the rules are to be read again; one for the limiters that share them. */
export interface Refresher {
  readonly reader: Reader;
  /** What questions wait for, each for its own alone. */
  readonly underWay: WeakMap<Question, Promise<void>>;
  /** The read that a call at `at` should make, if any, which counts as begun; `own`: its limiter's last one, `must`: it makes one anyway. */
  due(at: number, own: Attempt | undefined, must: boolean): Attempt | undefined;
}

export function createRefresher(reader: Reader, refreshMs: number): Refresher {
  /** By whoever had the answer wait for it or not. */
  let last: Attempt | undefined;

  /** A clock set back must not make what is known last longer. */
  const ageOf = (attempt: Attempt | undefined, at: number) =>
    attempt && at >= attempt.at ? at - attempt.at : Infinity;

  return {
    reader,
    underWay: new WeakMap(),

    due(at, own, must) {
      const age = ageOf(last, at);
      const isFresh = age < refreshMs && (!last?.hasFailed || ageOf(own, at) < refreshMs);
      if (reader.hasRead && isFresh && !must) return undefined;
      // An isolate that nobody asked for long has missed more than one round.
      last = { at, mayBeLate: reader.hasRead && age < 2 * refreshMs, hasFailed: false };
      return last;
    },
  };
}

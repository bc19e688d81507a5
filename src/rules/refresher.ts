import type { Question } from "../limiter/methods.ts";
import type { Reader } from "./reader.ts";

/** A read that is due. */
export interface Due {
  /** Whether calls may go on by what is known meanwhile. */
  readonly mayBeLate: boolean;
}

/** Says when the rules are to be read again; one for the limiters that share them. */
export interface Refresher {
  readonly reader: Reader;
  /** What questions wait for, each for its own alone. */
  readonly underWay: WeakMap<Question, Promise<void>>;
  /** Whether a call at `at` should read them, which then counts as begun. */
  due(at: number): Due | undefined;
}

export function createRefresher(reader: Reader, refreshMs: number): Refresher {
  /** When the rules were last asked for, by whoever had the answer wait for it or not. */
  let askedAt = -Infinity;

  return {
    reader,
    underWay: new WeakMap(),

    due(at) {
      // A clock set back must not make what is known last longer.
      const age = at < askedAt ? Infinity : at - askedAt;
      if (reader.hasRead && age < refreshMs) return undefined;
      askedAt = at;
      // An isolate that nobody asked for long has missed more than one round.
      return { mayBeLate: reader.hasRead && age < 2 * refreshMs };
    },
  };
}

import type { LimiterToDescribe } from "../core/limiter-to-describe.ts";
import { type Scripts, writeDescription } from "../limiter/described/descriptions.ts";
import type { Question } from "../limiter/methods.ts";
import type { Reader } from "./reader.ts";

/** A limiter's description, which each isolate sends once. */
export interface Describing {
  readonly limiter: LimiterToDescribe;
  isDone: boolean;
  /** Not before then is it tried again. */
  nextAt: number;
}

/** What is to be asked of Redis. */
export interface Due {
  /** Whether calls may go on by what is known meanwhile. */
  readonly mayBeLate: boolean;
  task(signal: AbortSignal): Promise<unknown>;
}

/** Says when the rules are to be read again; one for the limiters that share them. */
export interface Refresher {
  readonly reader: Reader;
  /** What questions wait for, each for its own alone. */
  readonly underWay: WeakMap<Question, Promise<void>>;
  describing(limiter: LimiterToDescribe): Describing;
  /** What a call at `at` should see to, if anything; it counts as begun. */
  due(at: number, describing: Describing): Due | undefined;
}

export function createRefresher(reader: Reader, scripts: Scripts, refreshMs: number): Refresher {
  /** When the rules were last asked for, by whoever had the answer wait for it or not. */
  let askedAt = -Infinity;

  async function describe(describing: Describing, at: number, signal: AbortSignal): Promise<void> {
    await writeDescription(scripts, describing.limiter, at, signal);
    describing.isDone = true;
  }

  return {
    reader,
    underWay: new WeakMap(),
    describing: (limiter) => ({ limiter, isDone: false, nextAt: -Infinity }),

    due(at, describing) {
      // A clock set back must not make what is known last longer.
      const age = at < askedAt ? Infinity : at - askedAt;
      const isOld = !reader.hasRead || age >= refreshMs;
      const isUndescribed = !describing.isDone && at >= describing.nextAt;
      if (!isOld && !isUndescribed) return undefined;
      if (isOld) askedAt = at;
      if (isUndescribed) describing.nextAt = at + refreshMs;
      return {
        // An isolate that nobody asked for long has missed more than one round.
        mayBeLate: reader.hasRead && (!isOld || age < 2 * refreshMs),
        async task(signal) {
          // A description is for operators: where it fails, the rules are read all the same.
          const described = isUndescribed && describe(describing, at, signal).catch(() => {});
          // A request that goes on behind the answer would belong to nobody.
          await (isOld ? reader.read(signal).finally(() => described) : described);
        },
      };
    },
  };
}

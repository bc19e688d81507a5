import { type Duration, durationMs } from "../core/duration.ts";
import { wholeNumber } from "../core/whole-number.ts";
import { MAX_TIME_MS } from "../limiter/time.ts";

/** A clock that only moves when told to. */
export interface TestClock {
  /** For the `now` of limiters, stores and clients: ms since the epoch. Needs no `this`. */
  readonly now: () => number;
  /** Moves the clock ahead by ms, or as in `"10 s"`. */
  advance(duration: Duration): void;
}

/** A midnight, so that windows of every usual length start here. */
const START = Date.UTC(2026, 0, 1);

/** Makes a clock that stands still until it is moved; by default at the first ms of 2026. Throws a `RangeError` on misuse. */
export function testClock(start: number = START): TestClock {
  let now = wholeNumber("start", start, 0, MAX_TIME_MS);
  return {
    now: () => now,
    advance: (duration) => {
      now += durationMs("duration", duration);
    },
  };
}

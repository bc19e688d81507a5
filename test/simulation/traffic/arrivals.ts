import type { Action } from "../world/history.ts";
import type { Site, Source } from "../world/plan.ts";
import { between, exponential, type Stream, share } from "../world/random.ts";

/** What the next caller wants. */
export type NextAction = (stream: Stream) => Action;

/** Calls per second, by ms since the world's start. */
export type Rate = (atMs: number) => number;

const anywhere = ({ slots }: Site, stream: Stream) => between(stream, 0, slots - 1);

/** Independent callers (a Poisson process), whose rate may change over time but never exceeds `most` per second. */
export function poisson(name: string, most: number, next: NextAction, rate: Rate = () => most): Source {
  return {
    name,
    start(site, stream) {
      const arrive = () => {
        if (share(stream) * most < rate(site.now)) site.arrive(next(stream), anywhere(site, stream));
        wait();
      };
      const wait = () => {
        const gapMs = (exponential(stream) * 1000) / most;
        if (site.now + gapMs < site.durationMs) site.later(gapMs, arrive);
      };
      wait();
    },
  };
}

/** Nobody but a few, then everybody: a rate that jumps at `fromMs` and falls back evenly until `toMs`. */
export function flashCrowd(fromMs: number, toMs: number, low: number, peak: number): Rate {
  return (atMs) => (atMs < fromMs || atMs >= toMs ? low : peak - ((peak - low) * (atMs - fromMs)) / (toMs - fromMs));
}

/** Waves: `high` per second for one part of each period, and `low` for the rest. */
export function waves(periodMs: number, part: number, low: number, high: number): Rate {
  return (atMs) => (atMs % periodMs < periodMs * part ? high : low);
}

export interface Volleys {
  /** Every so many ms since the epoch, so that volleys fall on the ends of windows. */
  readonly everyMs: number;
  /** At most so many ms off. */
  readonly offMs: number;
  readonly size: number;
  /** How far the calls of a volley are apart, at most, in ms. */
  readonly withinMs: number;
}

/** Many callers at once, again and again: bursts, and herds whose clocks tell them all to begin. */
export function volleys(name: string, { everyMs, offMs, size, withinMs }: Volleys, next: NextAction): Source {
  return {
    name,
    start(site, stream) {
      const fire = () => {
        const offset = share(stream) * offMs;
        for (let i = 0; i < size; i += 1) {
          site.later(offset + share(stream) * withinMs, () => site.arrive(next(stream), anywhere(site, stream)));
        }
        wait();
      };
      const wait = () => {
        const gapMs = everyMs - (site.now % everyMs);
        if (site.now + gapMs < site.durationMs) site.later(gapMs, fire);
      };
      wait();
    },
  };
}

/** Calls evenly spaced, each to the next isolate in turn, as a test or a machine makes them. */
export function steady(name: string, perSecond: number, next: NextAction): Source {
  return {
    name,
    start(site, stream) {
      let made = 0;
      const wait = () => {
        const at = ((made + 1) * 1000) / perSecond;
        if (at >= site.durationMs) return;
        site.later(at - site.now, () => {
          made += 1;
          site.arrive(next(stream), made % site.slots);
          wait();
        });
      };
      wait();
    },
  };
}

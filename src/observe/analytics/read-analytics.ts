import { misuse } from "../../core/misuse.ts";
import { withDeadline } from "../../limiter/deadline.ts";
import { readDescriptions } from "../../limiter/described/descriptions.ts";
import { redisStore } from "../../store/redis.ts";
import type { RedisClient } from "../../store/redis-client.ts";
import { type AnalyticsFigures, figuresOf } from "./figures.ts";
import { HOUR_MS, hourIn, hourKey, type StoredHour } from "./hour.ts";
import { readHours } from "./scripts.ts";

export interface ReadAnalyticsOptions {
  /** The client of the Redis that `analytics` writes to. */
  redis: RedisClient;
  /** That of `analytics`. */
  namespace?: string | undefined;
  /**
   * The name of a limiter, or a list of names. Default: all that `readLimiters` tells. That of an `allOf` with `analytics`, as
   * in `"org+team"`, is none of them.
   */
  limiter?: string | readonly string[] | undefined;
  /** From the hour of this time on: a `Date` or ms since the epoch. */
  from: Date | number;
  /** Up to the hour of this time; it is read, too. At most 366 days after `from`. */
  to: Date | number;
}

/** The figures of one limiter. */
export interface LimiterAnalytics extends AnalyticsFigures {
  readonly limiter: string;
  /** Hour by hour, those without any left out; `at` is its beginning, in ms since the epoch. */
  readonly hours: readonly (AnalyticsFigures & { readonly at: number })[];
}

/** So few that the largest values fit into one reply. */
const HOURS_AT_ONCE = 12;
const MOST_HOURS = 366 * 24;
const TIMEOUT_MS = 10_000;

/**
 * What `analytics` has kept of the limiters, the hours by UTC. Two commands are billed for every twelve hours of a limiter.
 * Rejects with a `StoreError` if Redis can't be asked, with a `TypeError` or `RangeError` on misuse.
 */
export async function readAnalytics(options: ReadAnalyticsOptions): Promise<LimiterAnalytics[]> {
  const { redis, namespace } = options;
  const store = redisStore(redis, { namespace });
  const hours = hoursBetween(timeIn("from", options.from), timeIn("to", options.to));
  const ask = <T>(task: (signal: AbortSignal) => Promise<T>) => withDeadline(TIMEOUT_MS, undefined, task);
  const described = () => ask((signal) => readDescriptions(store, Date.now(), signal));
  const names = options.limiter === undefined ? (await described()).map(({ name }) => name) : [options.limiter].flat();
  for (const name of names) if (typeof name !== "string") throw misuse("limiter", "a name or a list of names", name);

  async function read(name: string): Promise<LimiterAnalytics> {
    const found: { at: number; stored: StoredHour }[] = [];
    for (let i = 0; i < hours.length; i += HOURS_AT_ONCE) {
      const some = hours.slice(i, i + HOURS_AT_ONCE);
      const keys = some.map((hour) => hourKey(name, hour));
      const values = await ask((signal) => store.run(readHours, keys, [], signal));
      some.forEach((hour, place) => {
        const stored = hourIn((values as unknown[] | null)?.[place]);
        if (stored) found.push({ at: hour * HOUR_MS, stored });
      });
    }
    return {
      limiter: name,
      ...figuresOf(found.map(({ stored }) => stored)),
      hours: found.map(({ at, stored }) => ({ at, ...figuresOf([stored]) })),
    };
  }

  const all: LimiterAnalytics[] = [];
  for (const name of names) all.push(await read(name));
  return all;
}

function timeIn(option: string, time: unknown): number {
  const ms = time instanceof Date ? time.getTime() : time;
  if (typeof ms === "number" && ms >= 0 && ms < Infinity) return ms;
  throw misuse(option, "a Date or ms since the epoch", time);
}

function hoursBetween(from: number, to: number): number[] {
  const first = Math.floor(from / HOUR_MS);
  const count = Math.floor(to / HOUR_MS) - first + 1;
  if (count >= 1 && count <= MOST_HOURS) return Array.from({ length: count }, (_hour, i) => first + i);
  throw new RangeError(`to must be no earlier than from, and at most 366 days later, not ${to - from} ms`);
}

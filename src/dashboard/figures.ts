import { HOUR_MS } from "../observe/analytics/hour.ts";
import { type LimiterAnalytics, readAnalytics } from "../observe/analytics/read-analytics.ts";
import type { RedisClient } from "../store/redis-client.ts";

/** The spans that the page offers, in hours. */
export const SPANS: readonly number[] = [6, 24, 168, 720];

/** What the page shows of the last hours; `Infinity` is `null` in JSON. */
export async function figures(
  redis: RedisClient,
  namespace: string | undefined,
  names: readonly string[],
  hours: number,
) {
  const to = Date.now();
  const from = (Math.floor(to / HOUR_MS) - hours + 1) * HOUR_MS;
  const found = await Promise.all(names.map((limiter) => readAnalytics({ redis, namespace, limiter, from, to })));
  return { from, hours, limiters: found.flat().map(withoutLists) };
}

/** Hours with their calls alone: with all lists a month would be megabytes. */
const withoutLists = (each: LimiterAnalytics) => ({
  ...each,
  hours: each.hours.map(({ at, calls, beside }) => ({ at, calls, beside })),
});

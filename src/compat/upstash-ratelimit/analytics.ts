import { withDeadline } from "../../limiter/deadline.ts";
import { HOUR_MS, hourIn, hourKey, listIn, type StoredHour } from "../../observe/analytics/hour.ts";
import { mergeHour, readHours } from "../../observe/analytics/scripts.ts";
import { mergedLists, NO_KEYS, type TopList } from "../../observe/analytics/top-list.ts";
import { redisStore } from "../../store/redis.ts";
import type { RatelimitResponse } from "./algorithm.ts";
import type { Geo, LimitOptions } from "./options.ts";
import { clientOf, type Redis } from "./redis.ts";
import { countUsage, type Event, newUsageHour, type UsageHour, type UsageOutcome, usageText } from "./usage-hour.ts";

export interface AnalyticsConfig {
  redis: Redis;
  /** That of the limiter. Default `"@upstash/ratelimit"`. */
  prefix?: string;
}

/** An hour: when it began, and how often each value of a field came. */
export type Aggregate = { time: number } & { [field: string]: { [value: string]: number } };

/** How often an identifier came to something. */
export interface IdentifierCount {
  identifier: string;
  count: number;
}

/** The way of limiters, which don't wait for every check to be sent. */
const CHECKED = Symbol("checked");

const KEEP_MS = 90 * 24 * HOUR_MS;
const TIMEOUT_MS = 10_000;
const MOST_HOURS = 256;
/** So few that the largest values fit into one reply. */
const HOURS_AT_ONCE = 12;

/** Checks of an isolate are sent with the first of them, then after pauses that double from the first to the second of these, in ms. */
const [SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS] = [1000, 60_000];

/**
 * Counts requests hour by hour, and tells what was counted: of each hour exact sums, and of identifiers, countries, cities, regions and
 * addresses the 64 that came most often. An hour is kept for 90 days. `npx sluice dashboard` reads the same hours.
 */
export class Analytics {
  readonly #run: ReturnType<typeof redisStore>["run"];
  readonly #prefix: string;
  /** By hour: what this isolate has counted and not sent yet. */
  #unsent = new Map<number, UsageHour>();
  #dueAt = 0;
  #pauseMs = SHORTEST_PAUSE_MS;

  constructor({ redis, prefix = "@upstash/ratelimit" }: AnalyticsConfig) {
    this.#run = redisStore(clientOf(redis)).run;
    this.#prefix = prefix;
  }

  /** Where a request came from, as Vercel's `geo` or Cloudflare's `cf` tells it. */
  extractGeo(req: { geo?: Geo; cf?: Geo }): Geo {
    return req.geo ?? req.cf ?? {};
  }

  /** Counts an event, and sends it with all that has not been sent yet. Rejects if Redis can't be asked. */
  async record(event: Event): Promise<void> {
    this.#count(event);
    await this.#send();
  }

  /** How often each value of a field came, by hours from that of `cutoff`, ms since the epoch, on; the newest first, at most 256. */
  async series<TFilter extends keyof Omit<Event, "time">>(filter: TFilter, cutoff: number): Promise<Aggregate[]> {
    return this.getUsageOverTime(hoursSince(cutoff), filter);
  }

  /** How often requests of each identifier passed and were denied since `cutoff`, ms since the epoch; at most 256 hours. */
  async getUsage(cutoff = 0): Promise<Record<string, { success: number; blocked: number }>> {
    const hours = (await this.#read(hoursSince(cutoff))).map(({ stored }) => stored);
    const usage: Record<string, { success: number; blocked: number }> = {};
    const add = (outcome: UsageOutcome, to: "success" | "blocked") => {
      for (const { key, count } of hours.flatMap((hour) => listIn(hour?.tops[outcome]).keys)) {
        const known = Object.hasOwn(usage, key) ? usage[key] : undefined;
        const own = known ?? { success: 0, blocked: 0 };
        own[to] += count;
        // Not by assignment, for which "__proto__" is no key.
        if (!known)
          Object.defineProperty(usage, key, { value: own, enumerable: true, configurable: true, writable: true });
      }
    };
    add("passed", "success");
    add("limited", "blocked");
    add("listed", "blocked");
    return usage;
  }

  /** How often each value of a field came in the last `timestampCount` hours, this one first. */
  async getUsageOverTime<TFilter extends keyof Omit<Event, "time">>(
    timestampCount: number,
    groupby: TFilter,
  ): Promise<Aggregate[]> {
    const hours = await this.#read(Math.min(MOST_HOURS, timestampCount));
    return hours.map(({ time, stored }) => {
      const counts = stored && countsBy(groupby, stored);
      return { time, ...(counts && { [groupby]: counts }) } as Aggregate;
    });
  }

  /**
   * The identifiers that passed, were limited, and were on the deny list most often in the last `timestampCount` hours: `getTop` of each,
   * default 5. `checkAtMost` is taken, and without effect.
   */
  async getMostAllowedBlocked(
    timestampCount: number,
    getTop = 5,
    _checkAtMost?: number,
  ): Promise<{ allowed: IdentifierCount[]; ratelimited: IdentifierCount[]; denied: IdentifierCount[] }> {
    const hours = await this.#read(Math.min(MOST_HOURS, timestampCount));
    const most = (outcome: UsageOutcome): IdentifierCount[] => {
      const lists = hours.map(({ stored }): TopList => listIn(stored?.tops[outcome]));
      const { keys } = lists.reduce(mergedLists, NO_KEYS);
      return keys.slice(0, getTop).map(({ key, count }) => ({ identifier: key, count }));
    };
    return { allowed: most("passed"), ratelimited: most("limited"), denied: most("listed") };
  }

  /**
   * Counts a limiter's check; resolves when what is due has been sent, and to nothing if nothing is. What fails is lost.
   * @internal
   */
  [CHECKED](event: Event, response: RatelimitResponse): Promise<void> | undefined {
    this.#count(event, response.reason);
    const at = Date.now();
    // A clock set back must not hold up what is due.
    if (at < this.#dueAt && this.#dueAt - at <= LONGEST_PAUSE_MS) return undefined;
    this.#dueAt = at + this.#pauseMs;
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
    return this.#send().catch(() => {});
  }

  #count(event: Event, reason?: RatelimitResponse["reason"]): void {
    const hour = Math.floor(event.time / HOUR_MS);
    const usage = this.#unsent.get(hour) ?? newUsageHour();
    this.#unsent.set(hour, usage);
    countUsage(usage, event, reason);
  }

  async #send(): Promise<void> {
    const unsent = [...this.#unsent];
    // Before it is sent: what got lost on its way may have been counted, and nothing is counted twice.
    this.#unsent = new Map();
    for (const [hour, usage] of unsent) {
      const text = await usageText(usage);
      const key = hourKey(this.#prefix, hour);
      await withDeadline(TIMEOUT_MS, undefined, (signal) => this.#run(mergeHour, [key], [text, `${KEEP_MS}`], signal));
    }
  }

  async #read(count: number): Promise<{ time: number; stored: StoredHour | undefined }[]> {
    const now = Math.floor(Date.now() / HOUR_MS);
    const hours = Array.from({ length: Math.max(0, count) }, (_hour, i) => now - i);
    const found: { time: number; stored: StoredHour | undefined }[] = [];
    for (let i = 0; i < hours.length; i += HOURS_AT_ONCE) {
      const some = hours.slice(i, i + HOURS_AT_ONCE);
      const keys = some.map((hour) => hourKey(this.#prefix, hour));
      const reply = await withDeadline(TIMEOUT_MS, undefined, (signal) => this.#run(readHours, keys, [], signal));
      const values = reply as unknown[];
      found.push(...some.map((hour, place) => ({ time: hour * HOUR_MS, stored: hourIn(values[place]) })));
    }
    return found;
  }
}

/** Counts a check of a limiter; the work that follows may end behind the response. */
export function recordChecked(
  analytics: Analytics,
  identifier: string,
  req: LimitOptions | undefined,
  response: RatelimitResponse,
): Promise<void> | undefined {
  const isListed = response.reason === "denyList";
  const event: Event = {
    ...analytics.extractGeo(req ?? {}),
    identifier: isListed ? (response.deniedValue ?? identifier) : identifier,
    time: Date.now(),
    success: isListed ? "denied" : response.success,
  };
  return analytics[CHECKED](event, response);
}

/** The hours from that of `cutoff` to this one. */
function hoursSince(cutoff: number): number {
  return Math.min(MOST_HOURS, Math.floor(Date.now() / HOUR_MS) - Math.floor(cutoff / HOUR_MS) + 1);
}

/** How often each value of a field came in an hour; `undefined` if none did. */
function countsBy(field: keyof Omit<Event, "time">, { sums, tops }: StoredHour): Record<string, number> | undefined {
  const counts =
    field === "success"
      ? bySuccess(sums)
      : listIn(listOf(tops, field)).keys.map(({ key, count }) => [key, count] as const);
  return counts.length > 0 ? Object.fromEntries(counts) : undefined;
}

const listOf = (tops: StoredHour["tops"], field: string) => tops[field === "identifier" ? "asked" : field];

function bySuccess(sums: StoredHour["sums"]): (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const [name, count] of Object.entries(sums)) {
    const [outcome, source] = name.split(" ");
    const success = source === "rule" ? "denied" : `${outcome === "allowed"}`;
    counts.set(success, (counts.get(success) ?? 0) + count);
  }
  return [...counts];
}

import type { StoreError } from "../../core/errors.ts";
import type { LimiterEvent, Observer } from "../../core/event.ts";
import type { LimiterToDescribe } from "../../core/limiter-to-describe.ts";
import { withDeadline } from "../../limiter/deadline.ts";
import { descriptionText } from "../../limiter/described/description.ts";
import { writeDescription } from "../../limiter/described/descriptions.ts";
import { tellerOf } from "../../limiter/observers.ts";
import { timeOf } from "../../limiter/time.ts";
import { redisStore } from "../../store/redis.ts";
import { HOUR_MS, hourKey, storedHour } from "./hour.ts";
import { type AnalyticsOptions, checkedAnalyticsOptions } from "./options.ts";
import { mergeHour, readHours } from "./scripts.ts";
import { countEvent, createSums, type Sums } from "./sums.ts";

export type { Outcome } from "../verdict.ts";
export type { AnalyticsFigures, CallCount, LatencyClass, RequestCount } from "./figures.ts";
export type { AnalyticsKeys, AnalyticsOptions } from "./options.ts";
export { type LimiterAnalytics, type ReadAnalyticsOptions, readAnalytics } from "./read-analytics.ts";
export type { TopEntry } from "./top-keys.ts";
export type { TopList } from "./top-list.ts";

/** An observer that keeps sums in Redis: give it to `onEvent` of one limiter or of several. */
export interface Analytics extends Observer {
  /**
   * Sends now what has not been sent yet: before a server ends, or from a job. Resolves when that is done; what fails is told to
   * `onEvent`.
   */
  flush(): Promise<void>;
}

/** Most limiters, times the hours that could not be sent yet, that an isolate keeps sums of. */
const MOST_SUMS = 64;

/** Most of them that one event sends: platforms limit the requests that one invocation may make. */
const MOST_AT_ONCE = 8;

const TIMEOUT_MS = 5000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Sums of what limiters decide, hour by hour: by policy, outcome and source, with the store's failures and times and the keys
 * that came most often. They are kept in this isolate and sent with an event that brings a `waitUntil`, behind its answer,
 * once they are `flushMs` old; where no event brings one, only `flush` sends. Each time three commands are billed for each
 * limiter, and once a day some for its description, by which `readLimiters` finds it. What was sent is never sent again, so nothing is counted twice; an isolate that ends takes with it what it had
 * not sent. Throws a `TypeError` or `RangeError` that names the option.
 */
export function analytics(options: AnalyticsOptions): Analytics {
  const { redis, namespace, flushMs, keepMs, keys, now, onEvent } = checkedAnalyticsOptions(options);
  const store = redisStore(redis, { namespace });
  const tell = tellerOf(onEvent);
  /** The oldest first. */
  const unsent = new Set<Sums>();
  /** Those that are added to, by limiter. */
  const open = new Map<string, Sums>();
  /** The limiters that this observer was given to, by name, and what each has said of itself: the next of its name may say the same. */
  const limiters = new Map<string, LimiterToDescribe>();
  const described = new Map<string, string>();
  let nextDueAt = Infinity;
  /** The last request that is known of has failed, this one's or a limiter's: what is sent now may be lost. */
  let inDoubt = false;

  /** Whether the sums were still there. */
  function taken(sums: Sums): boolean {
    if (open.get(sums.limiter) === sums) open.delete(sums.limiter);
    return unsent.delete(sums);
  }

  function sumsOf(limiter: string, at: number): Sums | undefined {
    const hour = Math.floor(at / HOUR_MS);
    const known = open.get(limiter);
    if (known?.hour === hour) return known;
    if (unsent.size >= MOST_SUMS) {
      const oldest = unsent.values().next().value as Sums;
      if (oldest.hour === hour) return undefined;
      taken(oldest);
    }
    const dueAt = Math.min(at + flushMs, (hour + 1) * HOUR_MS);
    const sums = createSums(limiter, hour, dueAt, keys !== "none");
    unsent.add(sums);
    open.set(limiter, sums);
    nextDueAt = Math.min(nextDueAt, dueAt);
    return sums;
  }

  function count(event: LimiterEvent, at: number): void {
    const sums = sumsOf(event.limiter, at);
    if (sums) countEvent(sums, event);
    if (event.type === "store" && event.error) inDoubt = true;
  }

  function observe(event: LimiterEvent): void {
    const at = timeOf(now);
    count(event, at);
    if (at < nextDueAt || event.type !== "decision" || !event.waitUntil) return;
    const due = [...unsent].filter(({ dueAt }) => dueAt <= at).slice(0, MOST_AT_ONCE);
    // If this flush ends before it has sent them, as where the platform ends it, they are due again then.
    for (const sums of due) sums.dueAt = at + flushMs;
    nextDueAt = Math.min(...[...unsent].map(({ dueAt }) => dueAt));
    if (due.length > 0) event.waitUntil(sendAll(due));
  }

  async function sendAll(due: Iterable<Sums>): Promise<void> {
    for (const sums of due) {
      const { limiter, hour } = sums;
      const key = hourKey(limiter, hour);
      // What is lost on its way can't be told from what was counted, so it is asked for first whether anything arrives.
      if (inDoubt && !(await run(limiter, (signal) => store.run(readHours, [key], [], signal)))) return;
      if (!taken(sums)) continue;
      countEvent(sums, { type: "store", limiter, purpose: "analytics", ms: 0 });
      const text = await storedHour(sums, keys === "hashed");
      await run(limiter, (signal) => store.run(mergeHour, [key], [text, String(keepMs)], signal));
      await describe(limiter);
    }
  }

  /** Once a day, so that a reader knows which limiters there are. */
  async function describe(name: string): Promise<void> {
    const limiter = limiters.get(name);
    const at = timeOf(now);
    if (inDoubt || !limiter) return;
    const text = Math.floor(at / DAY_MS) + descriptionText(limiter);
    if (described.get(name) === text) return;
    if (await run(name, (signal) => writeDescription(store, limiter, at, signal))) described.set(name, text);
  }

  /** Whether Redis did what was asked; told either way. */
  async function run(limiter: string, task: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> {
    const since = timeOf(now);
    let error: StoreError | undefined;
    try {
      await withDeadline(TIMEOUT_MS, undefined, task);
      inDoubt = false;
    } catch (thrown) {
      error = thrown as StoreError;
    }
    const at = timeOf(now);
    const ms = Math.max(0, at - since);
    const event = { type: "store", limiter, purpose: "analytics", ms, ...(error && { error }) } as const;
    if (error) count(event, at);
    tell?.(event);
    return error === undefined;
  }

  return Object.assign(observe, {
    onLimiter(limiter: LimiterToDescribe) {
      if (limiters.size < MOST_SUMS) limiters.set(limiter.name, limiter);
    },
    flush: () => sendAll([...unsent]),
  });
}

import { inject } from "vitest";
import { type Analytics, analytics } from "../../../src/observe/analytics/analytics.ts";
import type { AnalyticsOptions } from "../../../src/observe/analytics/options.ts";
import { type LimiterAnalytics, readAnalytics } from "../../../src/observe/analytics/read-analytics.ts";
import { mergeHour } from "../../../src/observe/analytics/scripts.ts";
import { ioredisClient } from "../../../src/store/ioredis.ts";
import type { RedisClient } from "../../../src/store/redis-client.ts";
import { type Clock, clockAt } from "../../support/clock.ts";
import { connect, uniqueName } from "../../support/redis.ts";

export const redis = await connect(inject("redisUrl"));
export const client = ioredisClient(redis);

/** What becomes of what is sent: `"lost-answer"` is carried out and fails, `"lost"` fails. */
export type Fate = "ok" | "lost" | "lost-answer" | "hangs";

export interface Line extends RedisClient {
  fate: Fate;
  /** The keys of all that was sent, and whether it was a merge. */
  readonly sent: { readonly key: string; readonly merge: boolean }[];
}

/** A way to Redis that fails on demand; `onMerge` hears of each merge and whether it is carried out. */
export function lineTo(upstream: RedisClient, onMerge: (key: string, carriedOut: boolean) => void = () => {}): Line {
  async function send(merge: boolean, key: string, command: () => Promise<unknown>): Promise<unknown> {
    const { fate } = line;
    line.sent.push({ key, merge });
    if (fate === "hangs") return new Promise(() => {});
    const carriedOut = fate !== "lost";
    const reply = carriedOut ? await command() : undefined;
    if (merge) onMerge(key, carriedOut);
    if (fate !== "ok") throw new TypeError("fetch failed");
    return reply;
  }
  const line: Line = {
    fate: "ok",
    sent: [],
    evalsha: (sha1, keys, args) => {
      const merge = sha1 === mergeHour.sha1 || sha1 === mergeHour.flaggedSha1;
      return send(merge, `${keys[0]}`, () => withText(upstream, keys, args, merge, sha1));
    },
    eval: (script, keys, args) => upstream.eval(script, keys, args),
    del: (key) => upstream.del(key),
  };
  return line;
}

/** Carries a script out whether Redis knows it or not, so that one call is one fate. */
async function withText(upstream: RedisClient, keys: string[], args: string[], merge: boolean, sha1: string) {
  if (merge) return upstream.eval(mergeHour.text, keys, args);
  return upstream.evalsha(sha1, keys, args);
}

export interface Rig {
  readonly clock: Clock;
  readonly namespace: string;
  readonly line: Line;
  readonly observer: Analytics;
  /** Takes work as a platform does. */
  readonly waitUntil: (task: Promise<unknown>) => void;
  /** How often it was given work. */
  readonly begun: () => number;
  /** How many flushes were sent. */
  readonly merges: () => number;
  /** Resolves when all work is done that was begun. */
  done(): Promise<void>;
  read(limiter: string): Promise<LimiterAnalytics>;
}

export function rigOf(options: Partial<AnalyticsOptions> = {}, clock = clockAt(), line = lineTo(client)): Rig {
  const namespace = uniqueName();
  const observer = analytics({ redis: line, namespace, now: clock.now, ...options });
  const tasks: Promise<unknown>[] = [];
  return {
    clock,
    namespace,
    line,
    observer,
    waitUntil: (task) => void tasks.push(task),
    begun: () => tasks.length,
    merges: () => line.sent.filter(({ merge }) => merge).length,
    done: async () => void (await Promise.all(tasks)),
    read: (limiter) => readOne(limiter, namespace, clock),
  };
}

/** All that Redis has of a limiter in the days around the clock's time. */
export async function readOne(limiter: string, namespace: string, clock: Clock): Promise<LimiterAnalytics> {
  const [from, to] = [clock.ms - 86_400_000, clock.ms + 86_400_000];
  const [found] = await readAnalytics({ redis: client, namespace, limiter, from, to });
  return found as LimiterAnalytics;
}

/** Figures of calls as `"outcome source policy": count`. */
export const callsIn = ({ calls }: Pick<LimiterAnalytics, "calls">) =>
  Object.fromEntries(calls.map(({ outcome, source, policy, count }) => [`${outcome} ${source} ${policy}`, count]));

import { Ratelimit } from "@upstash/ratelimit";
import type { Redis } from "ioredis";
import {
  calendar,
  createLimiter,
  fixedWindow,
  type Policy,
  parts,
  redisStore,
  slidingLog,
  slidingWindow,
  tokenBucket,
} from "sluice";
import { ioredisClient } from "sluice/ioredis";
import { overTcp } from "../lib/over-tcp.ts";
import { honoStore, ratelimit } from "../subjects/on-client.ts";
import { flexible } from "../subjects/over-tcp.ts";

/** One script under one path; `check` asks Redis every time. */
export interface Subject {
  readonly name: string;
  readonly algorithm: string;
  readonly path: "allowed" | "denied";
  check(key: string): Promise<unknown>;
  /** What is done with a key before anything is measured. Default: one check. */
  prepare?(key: string): Promise<unknown>;
}

const WINDOW_MS = 86_400_000;

/** Each library's scripts, and below them what no script can do without. */
export function subjects(redis: Redis): Subject[] {
  return [...floor(redis), ...both(redis, "allowed", 1_000_000), ...both(redis, "denied", 1)];
}

function floor(redis: Redis): Subject[] {
  const script = (name: string, text: string): Subject => {
    const sha1 = redis.script("LOAD", text) as Promise<string>;
    return { name, algorithm: "floor", path: "allowed", check: async (key) => redis.evalsha(await sha1, 1, key) };
  };
  return [
    script("return 1", "return 1"),
    script("INCR", "return redis.call('INCR', KEYS[1])"),
    script("GET", "return redis.call('GET', KEYS[1])"),
    script(
      "GET, SET PX",
      "redis.call('GET', KEYS[1]) redis.call('SET', KEYS[1], 'twelve bytes', 'PX', 100000) return 1",
    ),
  ];
}

function both(redis: Redis, path: Subject["path"], limit: number): Subject[] {
  const client = overTcp(redis);
  const window = WINDOW_MS;
  const sluice = (algorithm: string, policies: Policy[]): Subject => {
    const limiter = createLimiter({
      name: "test",
      store: redisStore(ioredisClient(redis)),
      policies,
      snapshots: false,
    });
    return { name: "sluice", algorithm, path, check: (key) => limiter.consume(key) };
  };
  /** All parts in use, which is what costs most. */
  const inParts = (): Subject => {
    const all = Math.max(limit, 10);
    const limiter = createLimiter({
      name: "test",
      store: redisStore(ioredisClient(redis)),
      policies: [slidingWindow({ limit: all, window, parts: parts(10) })],
      snapshots: false,
    });
    return {
      name: "sluice",
      algorithm: "sliding window, 10 parts",
      path,
      check: (key) => limiter.consume(key),
      async prepare(key) {
        for (let part = 0; part < 9; part += 1) await limiter.charge(key, all / 10);
        await limiter.consume(key);
      },
    };
  };
  const upstash = (algorithm: string, limiter: Parameters<typeof ratelimit>[1]): Subject => {
    const check = ratelimit(client, limiter, { ephemeralCache: false });
    return { name: "@upstash/ratelimit", algorithm, path, check: (key) => check.limit(key) };
  };
  const bucket = tokenBucket({ limit, window, name: "bucket" });
  const sliding = slidingWindow({ limit, window, name: "sliding" });
  const fixed = fixedWindow({ limit, window, name: "fixed" });
  const store = honoStore(client, window);
  const block = flexible(redis, { limit, windowMs: window }, { inMemoryBlock: false });
  return [
    sluice("token bucket", [bucket]),
    upstash("token bucket", Ratelimit.tokenBucket(limit, `${window} ms`, limit)),
    sluice("sliding window", [sliding]),
    upstash("sliding window", Ratelimit.slidingWindow(limit, `${window} ms`)),
    sluice("fixed window", [fixed]),
    upstash("fixed window", Ratelimit.fixedWindow(limit, `${window} ms`)),
    { name: "hono-rate-limiter", algorithm: "fixed window", path, check: (key) => store.increment(key) },
    { name: "rate-limiter-flexible", algorithm: "fixed window", path, check: block },
    sluice("three policies", [bucket, sliding, fixed]),
    inParts(),
    sluice("month of the calendar", [fixedWindow({ limit, window: calendar("1 month") })]),
    sluice("sliding log", [slidingLog({ limit: path === "allowed" ? 100 : 1, window })]),
  ];
}

import {
  allOf,
  calendar,
  createLimiter,
  fixedWindow,
  inFlight,
  leases,
  parts,
  type RedisClient,
  redisStore,
  rules,
  slidingLog,
  slidingWindow,
  tokenBucket,
} from "sluice";
import { type Analytics, analytics } from "sluice/analytics";

export interface IsolateOptions {
  /** The way to Redis for checks, which may fail. */
  readonly checks: RedisClient;
  /** That for figures and rules. */
  readonly redis: RedisClient;
  readonly now: () => number;
  readonly flushMs: number;
  /** How long rules are believed, in ms. */
  readonly refreshMs: number;
}

/** One isolate of a made-up service: its limiters, and what they tell. */
export interface Isolate {
  readonly limiters: ReturnType<typeof limitersOf>;
  readonly onEvent: Analytics;
}

export function createIsolate(options: IsolateOptions): Isolate {
  const { redis, now, flushMs } = options;
  const onEvent = analytics({ redis, now, flushMs });
  return { limiters: limitersOf(options, onEvent), onEvent };
}

/** A limiter of every kind, so that there is something to look at. */
function limitersOf({ checks, redis, now, refreshMs }: IsolateOptions, onEvent: Analytics) {
  const store = redisStore(checks);
  const operators = rules({ redis, refreshMs });
  const shared = { store, now, onEvent, rules: operators, timeoutMs: 400, waitUntil: () => {} } as const;
  const org = createLimiter({
    ...shared,
    name: "org",
    policies: [fixedWindow({ name: "hourly", limit: 150, window: "1 h" })],
  });
  const user = createLimiter({
    ...shared,
    name: "user",
    policies: [slidingWindow({ name: "hourly", limit: 25, window: "1 h" })],
  });
  return {
    api: createLimiter({
      ...shared,
      name: "api",
      leases: leases({ maxMs: 20_000 }),
      policies: [
        tokenBucket({ name: "burst", limit: 60, burst: 90, window: "1 m" }),
        fixedWindow({ name: "daily", limit: 5000, window: "1 d" }),
      ],
    }),
    login: createLimiter({
      ...shared,
      name: "login",
      policies: [slidingLog({ name: "attempts", limit: 5, window: "15 m" })],
    }),
    search: createLimiter({
      ...shared,
      name: "search",
      policies: [
        slidingWindow({ name: "minute", limit: 20, window: "1 m", parts: parts(6) }),
        fixedWindow({ name: "monthly", limit: 400, window: calendar("1 month", { timeZone: "Europe/Berlin" }) }),
      ],
    }),
    checkout: allOf({ org, user }),
    exports: createLimiter({
      ...shared,
      name: "exports",
      policies: [inFlight({ name: "at-once", limit: 3, hold: "2 m" })],
    }),
  };
}

import { type Calendar, type CalendarPeriod, calendar } from "../../../src/algorithm/calendar.ts";
import { parts } from "../../../src/algorithm/parts.ts";
import { fixedWindow, type Policy, slidingLog, slidingWindow, tokenBucket } from "../../../src/algorithm/policy.ts";
import { allOf } from "../../../src/limiter/all-of.ts";
import { anyOf } from "../../../src/limiter/any-of.ts";
import type { Extension } from "../../../src/limiter/extension.ts";
import { leasedWindows } from "../../../src/limiter/leases/leased-windows.ts";
import { leases } from "../../../src/limiter/leases/leases.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../../src/limiter/options.ts";
import { type Penalty, penalty } from "../../../src/limiter/penalty/penalty.ts";
import { regions } from "../../../src/limiter/regions/regions.ts";
import { rules } from "../../../src/rules/rules.ts";
import { redisStore } from "../../../src/store/redis.ts";
import type { RedisClient } from "../../../src/store/redis-client.ts";
import type { RemoteStore } from "../../../src/store/store.ts";
import type { LimiterRule, PenaltyRule, PolicyRule } from "./history.ts";
import type { Callable } from "./isolate.ts";
import type { LimiterMaker, LimiterParts, SetMaker } from "./plan.ts";

/** Today's limiter, as a program on that platform would make it. */
export const plainLimiter: LimiterMaker = (parts) => createLimiter(plainOptions(parts));

export function plainOptions({ rule, client, region, near = [region], waitUntil }: LimiterParts): LimiterOptions {
  const storeIn = (database: string) => storeOn(client(database), rule.clock);
  const stores = rule.regions?.map(({ database }) => [database, storeIn(database)] as const);
  return {
    name: rule.name,
    store: stores ? regions({ near, stores: Object.fromEntries(stores), shares: rule.shares }) : storeIn(rule.database),
    policies: [...rule.policies.map(policyOf), ...(rule.penalty ? [penaltyOf(rule.penalty)] : [])],
    timeoutMs: rule.timeoutMs,
    failureMode: rule.failureMode,
    snapshots: rule.snapshots ?? false,
    breaker: rule.breaker,
    leases: rule.leases && leases({ ...rule.leases, windows: windowsFor(rule) }),
    rules: rule.rules && rulesOn(client(rule.rules.database), rule.rules.refreshMs),
    waitUntil,
  };
}

/** Where they are not needed, a program does without. */
const windowsFor = ({ policies }: LimiterRule) =>
  policies.some(({ kind }) => kind === "calendar" || kind === "parts") ? leasedWindows() : undefined;

/** Today's limiters decided together. */
export const plainSet: SetMaker = (limiters, { waitUntil }) => allOf(limiters, { waitUntil });

/** Today's limiters asked in order. Refunds tell whose decision they are about. */
export const plainOrder: SetMaker = (limiters) => anyOf(Object.values(limiters)) as Callable;

/** By client: limiters that are decided together share a store. */
const stores = new WeakMap<RedisClient, Partial<Record<LimiterRule["clock"], RemoteStore>>>();

const calendars = new Map<string, Calendar>();

/** One for all isolates: plain rules, which take a while to make. */
function calendarOf(period: CalendarPeriod, timeZone: string): Calendar {
  const name = `${period} ${timeZone}`;
  const known = calendars.get(name) ?? calendar(period, { timeZone });
  calendars.set(name, known);
  return known;
}

function storeOn(client: RedisClient, clock: LimiterRule["clock"]): RemoteStore {
  const known = stores.get(client) ?? {};
  stores.set(client, known);
  known[clock] ??= redisStore(client, { clock });
  return known[clock];
}

/** By client: limiters of a program share their rules. */
const readers = new WeakMap<RedisClient, Extension>();

function rulesOn(redis: RedisClient, refreshMs: number): Extension {
  const known = readers.get(redis) ?? rules({ redis, refreshMs });
  readers.set(redis, known);
  return known;
}

const penaltyOf = ({ length, ...numbers }: PenaltyRule): Penalty => penalty({ ...numbers, for: length });

function policyOf({ kind, name, limit, windowMs: window, burst, parts: many = 2, calendar: of }: PolicyRule): Policy {
  if (kind === "bucket") return tokenBucket({ name, limit, window, burst });
  if (kind === "parts") return slidingWindow({ name, limit, window, parts: parts(many) });
  if (kind === "calendar") return fixedWindow({ name, limit, window: calendarOf(...(of ?? ["1 day", "UTC"])) });
  return { sliding: slidingWindow, fixed: fixedWindow, log: slidingLog }[kind]({ name, limit, window });
}

import { type CalendarPeriod, calendar } from "../algorithm/calendar.ts";
import { parts } from "../algorithm/parts.ts";
import { fixedWindow, type Policy, slidingLog, slidingWindow, tokenBucket } from "../algorithm/policy.ts";
import type { LimiterDescription, PenaltyDescription, PolicyDescription } from "../limiter/described/description.ts";
import { inFlight } from "../limiter/in-flight/policy.ts";
import { createLimiter, type Limiter, type PenaltyLimiter } from "../limiter/limiter.ts";
import { penalty } from "../limiter/penalty/penalty.ts";
import { redisStore } from "../store/redis.ts";
import type { Database } from "./database.ts";

/** The limiter that has described itself so, on a store of its own; throws where it can't be one of this database. */
export function limiterFrom(database: Database, description: LimiterDescription): Limiter & Partial<PenaltyLimiter> {
  const { redis, namespace } = database;
  const { name, penalty: numbers, regions } = description;
  if (regions) throw new RangeError(`Its quota is split over ${regions.join(", ")}: this page sees one database`);
  return createLimiter({
    name,
    store: redisStore(redis, { namespace }),
    policies: [...policiesFrom(description), ...(numbers ? [penaltyFrom(numbers)] : [])],
    failureMode: "closed",
    snapshots: false,
    breaker: false,
    timeoutMs: 5000,
  });
}

/** The policies of a limiter that has described itself so; throws for those that are not known here. */
export const policiesFrom = ({ policies }: LimiterDescription): Policy[] => policies.map(policyFrom);

/** What makes a policy of its description, by algorithm; another kind of policy is one line more. */
const MAKERS: Readonly<Record<string, (description: PolicyDescription) => Policy>> = {
  tokenBucket: ({ name, limit, windowMs: window, burst }) => tokenBucket({ name, limit, window, burst }),
  slidingWindow: ({ name, limit, windowMs: window, kind }) =>
    slidingWindow({ name, limit, window, parts: kind === undefined ? 1 : parts(Number(/\d+/.exec(kind)?.[0])) }),
  fixedWindow: ({ name, limit, windowMs, kind }) => fixedWindow({ name, limit, window: calendarOf(kind) ?? windowMs }),
  slidingLog: ({ name, limit, windowMs: window }) => slidingLog({ name, limit, window }),
  inFlight: ({ name, limit, windowMs: hold }) => inFlight({ name, limit, hold }),
};

const penaltyFrom = ({ after, withinMs: within, forMs, factor, mostMs: most }: PenaltyDescription) =>
  penalty({ after, within, for: forMs, factor, most });

function policyFrom(description: PolicyDescription): Policy {
  const { algorithm } = description;
  const make = Object.hasOwn(MAKERS, algorithm) ? MAKERS[algorithm] : undefined;
  if (!make) throw new Error(`This page does not know policies of the kind ${algorithm}`);
  return make(description);
}

/** The calendar of a kind such as `"c1month@Asia/Tokyo"`. */
function calendarOf(kind: string | undefined) {
  const [, count, unit, timeZone] = /^c(\d)([a-z]+)(?:@(.+))?$/.exec(kind ?? "") ?? [];
  return unit === undefined ? undefined : calendar(`${count} ${unit}` as CalendarPeriod, { timeZone });
}

import { createLimiter, leases, redisStore, tokenBucket } from "sluice";
import { upstashClient } from "sluice/upstash";
import { randomFrom } from "../lib/random.ts";
import type { Endpoints } from "../subjects/subject.ts";
import { settled, simulatedTrips } from "./simulated-trips.ts";

/** Isolates that ask for one key, each in its own good time. */
export interface Crowd {
  readonly isolates: number;
  /** Calls of all of them together, as a part of the limit. */
  readonly demand: number;
  /** The same for the first half of the time, where that is another. */
  readonly calm?: number;
  readonly leases: boolean;
  readonly seconds: number;
}

export interface CrowdRow extends Crowd {
  readonly calls: number;
  readonly admitted: number;
  readonly denied: number;
  readonly trips: number;
  /** What was admitted after the start, by what refills in that time. */
  readonly ofDue: number;
  /** The most by which a span of time had more admissions than burst + rate × span; 0 if none had. */
  readonly over: number;
}

/** What they share: `limit` a minute. */
export interface Bucket {
  readonly limit: number;
  readonly burst: number;
  readonly maxMs: number;
}

const WINDOW_MS = 60_000;
const START = 1_900_000_000_000;
const TRIP_MS = 20;
/** Until the burst is spent and the isolates know each other's traffic. */
const SETTLING_MS = 5000;
/** What adding up fractions comes to. */
const ROUNDING = 1e-6;
const SEED = 20_261_121;

/** Poisson arrivals, each at a random isolate, on a simulated clock; Redis is a real one over REST. */
export async function crowd({ url, token }: Endpoints, bucket: Bucket, of: Crowd): Promise<CrowdRow> {
  const { limit, burst, maxMs } = bucket;
  const rate = limit / WINDOW_MS;
  const clock = simulatedTrips(START, TRIP_MS);
  const client = clock.far(upstashClient({ url, token }));
  const limiters = Array.from({ length: of.isolates }, () =>
    createLimiter({
      name: "crowd",
      store: redisStore(client),
      policies: [tokenBucket({ limit, window: WINDOW_MS, burst })],
      now: clock.now,
      waitUntil: () => {},
      ...(of.leases && { leases: leases({ maxMs }) }),
    }),
  );
  const random = randomFrom(SEED);
  const key = crypto.randomUUID();
  const admissions: number[] = [];
  let calls = 0;
  const call = async (isolate: number) => {
    const decision = await limiters[isolate]?.consume(key);
    if (decision?.source === "fallback") throw decision.error;
    if (decision?.allowed) admissions.push(clock.now());
  };
  const answers: Promise<void>[] = [];
  const end = of.seconds * 1000;
  const { calm = of.demand } = of;
  for (let at = 0; ; ) {
    at += -Math.log(1 - random()) / (rate * (at < end / 2 ? calm : of.demand));
    if (at >= end) break;
    await clock.advance(START + Math.floor(at));
    calls += 1;
    answers.push(call(Math.floor(random() * of.isolates)));
    await settled();
  }
  await clock.advance(START + end + 10 * TRIP_MS);
  await Promise.all(answers);
  const later = admissions.filter((at) => at >= START + SETTLING_MS && at < START + end).length;
  return {
    ...of,
    calls,
    admitted: admissions.length,
    denied: calls - admissions.length,
    trips: clock.trips(),
    ofDue: later / (rate * (end - SETTLING_MS)),
    over: Math.max(0, mostOver(admissions, burst, rate) - ROUNDING),
  };
}

/** How far the admissions of any span of time go beyond burst + rate × span. */
export function mostOver(admissions: readonly number[], burst: number, rate: number): number {
  let [used, before, most] = [0, START, 0];
  for (const at of admissions) {
    used = Math.max(0, used - (at - before) * rate) + 1;
    before = at;
    most = Math.max(most, used);
  }
  return most - burst;
}

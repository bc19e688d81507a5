import type { RedisClient } from "sluice";
import { randomFrom } from "../../test/support/random.ts";
import { type Call, crowdOf } from "./crowd.ts";
import { createIsolate, type Isolate } from "./isolate.ts";
import { lineTo } from "./line.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ISOLATES = 4;
/** In each minute of an attack, and at a time. */
const [ATTEMPTS, CALLS_OF_BURST] = [25, 200];
/** Hours before now: somebody tries passwords, Redis is away, a tenant imports. */
const [ATTACK, OUTAGE, BURST] = [9, 14, 4];

/** How far it is. */
export interface Progress {
  readonly hour: number;
  readonly calls: number;
}

/**
 * The last hours of a made-up service, up to now: real limiters and a real Redis, only that their clock goes faster. Isolates come
 * and go, one hour has an attack, one an outage, one a burst.
 */
export async function playPast(redis: RedisClient, hours: number, told: (progress: Progress) => void): Promise<void> {
  const random = randomFrom(hours);
  const crowd = crowdOf(random);
  const line = lineTo(redis);
  const clock = { at: 0, since: 0 };
  // Within a minute time passes as it does, so that what the store takes is what it took.
  const now = () => Math.round(clock.at + performance.now() - clock.since);
  const options = { checks: line, redis, now, flushMs: HOUR_MS, refreshMs: HOUR_MS };
  const isolates = Array.from({ length: ISOLATES }, () => createIsolate(options));
  const begin = Date.now() - hours * HOUR_MS;
  let calls = 0;
  const counted = (many: number) => {
    calls += many;
    return many;
  };

  for (let minute = 0; minute < hours * 60; minute += 1) {
    clock.at = begin + minute * MINUTE_MS;
    clock.since = performance.now();
    const left = hours - minute / 60;
    const isOutage = Math.ceil(left) === OUTAGE && minute % 60 < 8;
    line.fate = isOutage ? (minute % 2 === 0 ? "fails" : "hangs") : "ok";
    const all: Call[] = Array.from({ length: counted(volume(clock.at, random.next())) }, crowd.usual);
    if (Math.ceil(left) === ATTACK || Math.ceil(left) === ATTACK - 1) all.push(crowd.attack(counted(ATTEMPTS)));
    if (Math.ceil(left) === BURST && minute % 20 === 0) all.push(...crowd.burst(counted(CALLS_OF_BURST)));
    await Promise.all(all.map((call) => call(random.pick(isolates))));
    if (random.below(90) === 0) isolates.push(await renewed(isolates.shift() as Isolate, options));
    if ((minute + 1) % 60 === 0) {
      line.fate = "ok";
      for (const { onEvent } of isolates) await onEvent.flush();
      told({ hour: (minute + 1) / 60, calls });
    }
  }
}

/** A new isolate in place of one that had the time to send its figures. */
async function renewed({ onEvent }: Isolate, options: Parameters<typeof createIsolate>[0]): Promise<Isolate> {
  await onEvent.flush();
  return createIsolate(options);
}

/** Calls in a minute: more by day than by night. */
function volume(at: number, luck: number): number {
  const hour = (at / HOUR_MS) % 24;
  return Math.round((14 - 9 * Math.cos(((hour - 3) / 12) * Math.PI)) * (0.7 + 0.6 * luck));
}

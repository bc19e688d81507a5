import { quantile } from "../lib/statistics.ts";
import type { Check, Quota } from "../subjects/subject.ts";

/** Calls of one key at a steady pace, in turn to limiters that know nothing of each other, as isolates don't. */
export interface PacedLoad {
  readonly quota: Quota;
  readonly key: string;
  readonly isolates: number;
  /** Of all of them together. */
  readonly perSecond: number;
  readonly seconds: number;
}

/** What came of them, in the first second and after it. */
export interface Paced {
  readonly first: Share;
  readonly later: Share;
}

interface Share {
  readonly calls: number;
  readonly admitted: number;
  /** Requests sent, whoever they were for and whatever came of them. */
  readonly trips: number;
  /** Ms from the call to its answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const FIRST_MS = 1000;
const PAUSE_MS = 2;

/** Makes the calls that are due, again and again: late ones at once, so that none is left out. */
export async function pace(
  make: (quota: Quota) => Check,
  { quota, key, isolates, perSecond, seconds }: PacedLoad,
): Promise<Paced> {
  const checks = Array.from({ length: isolates }, () => make(quota));
  const said: { at: number; ms: number; allowed: boolean }[] = [];
  const calls: Promise<void>[] = [];
  const begin = performance.now();
  const trips = tripsSince(begin);
  const call = async (check: Check, at: number) => {
    const start = performance.now();
    const allowed = await check(key);
    said.push({ at, ms: performance.now() - start, allowed });
  };
  for (let made = 0; made < perSecond * seconds; ) {
    const passed = performance.now() - begin;
    for (; made < perSecond * seconds && (made * 1000) / perSecond <= passed; made += 1) {
      calls.push(call(checks[made % isolates] as Check, passed));
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  await Promise.all(calls);
  const times = trips.end();
  const share = (of: (at: number) => boolean): Share => {
    const some = said.filter(({ at }) => of(at));
    const waits = some.map(({ ms }) => ms);
    return {
      calls: some.length,
      admitted: some.filter(({ allowed }) => allowed).length,
      trips: times.filter(of).length,
      p50Ms: quantile(waits, 0.5),
      p99Ms: quantile(waits, 0.99),
    };
  };
  return { first: share((at) => at < FIRST_MS), later: share((at) => at >= FIRST_MS) };
}

/** Notes when a request is sent, in ms from `begin`. */
function tripsSince(begin: number): { end(): number[] } {
  const real = globalThis.fetch;
  const times: number[] = [];
  globalThis.fetch = ((...request: Parameters<typeof real>) => {
    times.push(performance.now() - begin);
    return real(...request);
  }) as typeof real;
  return {
    end() {
      globalThis.fetch = real;
      return times;
    },
  };
}

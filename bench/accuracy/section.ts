import { connected } from "../lib/connected.ts";
import { groupBy } from "../lib/group-by.ts";
import type { Pace } from "../lib/pace.ts";
import type { Say } from "../lib/progress.ts";
import { withSimulatedClock } from "../lib/simulated-clock.ts";
import type { Check, Library, Quota } from "../subjects/subject.ts";
import {
  type Definition,
  exactBucket,
  exactWindow,
  judge,
  type Said,
  sum,
  twoCounters,
  type Verdict,
} from "./oracle.ts";
import { byOurClock, byRedisClock } from "./subjects.ts";
import { type Arrival, type Traffic, traffics } from "./traffic.ts";

export interface AccuracyRow extends Verdict {
  readonly library: Library;
  readonly algorithm: string;
  readonly traffic: string;
  readonly heldAgainst: "exact window" | "exact bucket" | "two counters";
}

type Answers = readonly (readonly Said[])[];

const QUOTA: Quota = { limit: 100, windowMs: 10_000 };

/** Where the clock can't be passed in: the same traffic ten times as fast, in real time. */
const FASTER = 10;
const START = 1_900_000_000_000;

/** Every library on the same traffic, each answer held against an exact definition. */
export async function accuracy({ redisUrl }: { redisUrl: string }, pace: Pace, say: Say): Promise<AccuracyRow[]> {
  const redis = await connected(redisUrl);
  const rows: AccuracyRow[] = [];
  const inRealTime = async ({ name: traffic, arrivals }: Traffic, quota: Quota) => {
    say(`accuracy: ${traffic}, in real time`);
    const subjects = byRedisClock(redis, quota);
    await Promise.all(
      subjects.map(async ({ library, algorithm, check }) => {
        const answers = await replayed(arrivals, check, traffic);
        rows.push(row({ library, algorithm, traffic }, "exact window", answers, quota));
      }),
    );
  };
  const allInRealTime = async () => {
    const quota = { ...QUOTA, windowMs: QUOTA.windowMs / FASTER };
    const all = traffics(quota, pace.trafficWindows);
    // Real time can't be hurried, so in a hurry all pass at once. By themselves they don't hold up each other's calls.
    if (pace.quick) await Promise.all(all.map((traffic) => inRealTime(traffic, quota)));
    else for (const traffic of all) await inRealTime(traffic, quota);
  };
  const onSimulatedClocks = async () => {
    for (const { name: traffic, arrivals } of traffics(QUOTA, pace.trafficWindows)) {
      say(`accuracy: ${traffic}, on a simulated clock`);
      for (const { library, algorithm, check } of byOurClock(redis, QUOTA, traffic.replace(/\W+/g, "-"))) {
        const answers = await simulated(arrivals, check);
        const held = (against: AccuracyRow["heldAgainst"]) =>
          rows.push(row({ library, algorithm, traffic }, against, answers, QUOTA));
        held(algorithm === "token bucket" ? "exact bucket" : "exact window");
        if (algorithm === "sliding window") held("two counters");
      }
    }
  };
  try {
    await onSimulatedClocks();
    await allInRealTime();
  } finally {
    redis.disconnect();
  }
  return rows;
}

const DEFINITIONS: Readonly<Record<AccuracyRow["heldAgainst"], Definition>> = {
  "exact window": exactWindow,
  "exact bucket": exactBucket,
  "two counters": twoCounters,
};

function row(
  who: Pick<AccuracyRow, "library" | "algorithm" | "traffic">,
  heldAgainst: AccuracyRow["heldAgainst"],
  answers: Answers,
  quota: Quota,
): AccuracyRow {
  return { ...who, heldAgainst, ...sum(answers.map((said) => judge(said, DEFINITIONS[heldAgainst], quota))) };
}

/** One request after the other, with a clock that jumps to each. */
function simulated(arrivals: readonly Arrival[], check: Check): Promise<Answers> {
  return withSimulatedClock(START, async (clock) => {
    const said: (Said & Arrival)[] = [];
    for (const { at, key } of arrivals) {
      clock.set(START + at);
      said.push({ at: START + at, key, allowed: await check(key) });
    }
    return [...groupBy(said, ({ key }) => key).values()];
  });
}

/** Requests at their times; what counts is when each was really made. */
async function replayed(arrivals: readonly Arrival[], check: Check, prefix: string): Promise<Answers> {
  const start = Date.now();
  const said: (Said & { key: string })[] = [];
  const pending: Promise<void>[] = [];
  for (const { at, key } of arrivals) {
    const early = start + at - Date.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    const made = Date.now();
    pending.push(check(`${prefix}:${key}`).then((allowed) => void said.push({ at: made, key, allowed })));
  }
  await Promise.all(pending);
  const inOrder = said.toSorted((a, b) => a.at - b.at);
  return [...groupBy(inOrder, ({ key }) => key).values()];
}

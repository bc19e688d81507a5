import { createLimiter, type Decision, type Held, inFlight, type RedisClient, redisStore } from "sluice";
import { randomFrom } from "./random.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly steps: number;
  readonly limit: number;
  /** How far the clocks of isolates are apart from that of Redis at most, in ms. */
  readonly skewMs: number;
  readonly name: string;
}

/** What came of it, as counts, and what broke a promise, in words. */
export interface Outcome {
  readonly counts: Record<"held" | "again" | "denied" | "lost" | "crashed" | "released" | "extended" | "ended", number>;
  readonly complaints: readonly string[];
}

const HOLD_MS = 10_000;
const ISOLATES = 6;
/** So long a denial may be told without asking. */
const SNAPSHOT_MS = 100;

/** A hold as those outside know it. */
interface Known {
  readonly units: number;
  /** Before this time of Redis's it has not passed, and from the other on it has, for callers whose clock is right. */
  until: number;
  latest: number;
  /** Whether its taking was heard of, so that somebody relies on it. */
  heard: boolean;
}

interface Work {
  readonly id: string;
  readonly isolate: number;
  readonly decision: Decision & Held;
}

/**
 * Isolates whose clocks differ hold, release and extend in one key at random, crash with what they hold, and lose requests and answers.
 * What was promised is checked after each step against what the isolates were told, and nothing that Redis stores.
 */
export async function runInFlightWorld(
  redisAt: (now: () => number) => RedisClient,
  { seed, steps, limit, skewMs, name }: WorldOptions,
): Promise<Outcome> {
  const random = randomFrom(seed);
  const counts = { held: 0, again: 0, denied: 0, lost: 0, crashed: 0, released: 0, extended: 0, ended: 0 };
  const complaints: string[] = [];
  let time = Date.UTC(2026, 0, 1) + random.below(1000);
  let lastWrittenAt = 0;
  // One clock is right, so that somebody can be held to the millisecond.
  const skews = Array.from({ length: ISOLATES }, (_, i) =>
    i === 0 ? 0 : Math.round((2 * random.next() - 1) * skewMs),
  );
  const mostAheadMs = Math.max(...skews);

  let fate: "heard" | "lost before" | "lost after" = "heard";
  const redis = redisAt(() => time);
  const faulty = (ask: (redis: RedisClient) => Promise<unknown>) => async () => {
    if (fate === "lost before") throw new Error("connection reset");
    const reply = await ask(redis);
    lastWrittenAt = time;
    if (fate === "lost after") throw new Error("connection reset");
    return reply;
  };
  const client: RedisClient = {
    evalsha: (sha1, keys, args) => redis.evalsha(sha1, keys, args),
    eval: (text, keys, args) => faulty((redis) => redis.eval(text, keys, args))(),
    del: (key) => redis.del(key),
  };
  const limiters = skews.map((skew, isolate) =>
    createLimiter({
      name,
      store: redisStore(client),
      policies: [inFlight({ limit, hold: HOLD_MS })],
      failureMode: "closed",
      breaker: false,
      snapshots: isolate % 2 === 0,
      timeoutMs: 60_000,
      now: () => time + skew,
    }),
  );

  const known = new Map<string, Known>();
  let works: Work[] = [];
  let names = 0;
  /** The dates that a hold which is taken or extended now may get: not before its isolate's clock, and not before the newest there. */
  const dates = (isolate: number) => ({
    until: time + Math.min(0, skews[isolate] ?? 0) + HOLD_MS,
    latest: time + Math.max(0, mostAheadMs) + HOLD_MS,
  });
  const unitsOf = (counts: (each: Known) => boolean) =>
    [...known.values()].reduce((units, each) => units + (counts(each) ? each.units : 0), 0);

  async function hold(isolate: number, id: string, cost: number): Promise<void> {
    const before = known.get(id);
    const decision = await (limiters[isolate] as (typeof limiters)[number]).hold("k", { id, cost });
    if (decision.source === "fallback") {
      counts.lost += 1;
      if (fate === "lost after" && !before) known.set(id, { units: cost, ...dates(isolate), until: 0, heard: false });
      else if (fate === "lost after" && before) before.latest = Math.max(before.latest, dates(isolate).latest);
      return;
    }
    if (!decision.allowed) {
      counts.denied += 1;
      const lateMs = Math.max(0, -(skews[isolate] ?? 0)) + (decision.source === "snapshot" ? SNAPSHOT_MS : 0);
      const most = unitsOf((each) => each !== before && each.latest + lateMs >= time);
      if (most + cost <= limit)
        complaints.push(`${id} was denied ${cost} with at most ${most} of ${limit} held, at ${time}`);
      if (before && before.until > time) complaints.push(`${id} is held, and was denied when asked for again`);
      return;
    }
    counts[before ? "again" : "held"] += 1;
    const { until, latest } = dates(isolate);
    known.set(id, {
      units: cost,
      until: Math.max(until, before?.until ?? 0),
      latest: Math.max(latest, before?.latest ?? 0),
      heard: true,
    });
    works.push({ id, isolate, decision });
    const alive = unitsOf((each) => each.heard && each.until > time);
    if (alive > limit) complaints.push(`${alive} of ${limit} are held after ${id} of ${cost} was let in at ${time}`);
  }

  async function extend({ id, isolate, decision }: Work): Promise<void> {
    const before = known.get(id);
    const there = await decision.extend();
    if (fate !== "heard") {
      if (before && fate === "lost after") before.latest = Math.max(before.latest, dates(isolate).latest);
      return;
    }
    counts[there ? "extended" : "ended"] += 1;
    if (!there && before && before.until > time) {
      complaints.push(`${id} ended ${before.until - time} ms early, by the clock of Redis and its own`);
    }
    if (!before) return;
    if (!there) before.until = time;
    else Object.assign(before, { latest: dates(isolate).latest, until: Math.max(before.until, dates(isolate).until) });
  }

  async function release(work: Work): Promise<void> {
    await work.decision.release();
    const each = known.get(work.id);
    if (fate !== "heard") {
      // Nobody knows whether it is still there.
      if (each) Object.assign(each, { heard: false, until: 0 });
      return;
    }
    counts.released += 1;
    works = works.filter(({ id }) => id !== work.id);
    known.delete(work.id);
  }

  for (let step = 0; step < steps; step += 1) {
    names += 1;
    const chance = random.next();
    time += chance < 0.03 ? random.below(2 * HOLD_MS) : random.below(400);
    fate = random.pick([
      "heard",
      "heard",
      "heard",
      "heard",
      "heard",
      "heard",
      "heard",
      "heard",
      "lost before",
      "lost after",
    ]);
    const work = works.length > 0 ? random.pick(works) : undefined;
    const isolate = random.below(ISOLATES);
    const act = random.next();
    if (act < 0.5 || !work) await hold(isolate, `w${names}`, 1 + random.below(3));
    else if (act < 0.58) await hold(work.isolate, work.id, known.get(work.id)?.units ?? 1);
    else if (act < 0.78) await release(work);
    else if (act < 0.95) await extend(work);
    else {
      counts.crashed += 1;
      works = works.filter((each) => each.isolate !== isolate);
    }
    works = works.slice(-2 * limit);
    for (const [id, { latest }] of known) if (latest + 10 * HOLD_MS < time) known.delete(id);
  }

  // Nobody does anything any more: a hold later, all places are free.
  fate = "heard";
  time = lastWrittenAt + HOLD_MS + 1;
  const all = await (limiters[0] as (typeof limiters)[number]).hold("k", { cost: limit });
  if (!all.allowed) complaints.push(`a hold after the last write not all of ${limit} are free`);
  await all.release();
  return { counts, complaints };
}

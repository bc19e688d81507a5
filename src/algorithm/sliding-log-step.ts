import { MAX_UNITS } from "../core/whole-number.ts";
import { type Demand, onlyLook, type Step } from "./algorithm.ts";

/** The whole log, as the list in Redis: pairs of time and running total, of which the first holds what has left. */
type Log = readonly number[];

/** As many numbers of the oldest pairs as a digest carries: nine pairs. */
const DIGEST_NUMBERS = 18;

/** The twin of sliding-log.lua: one call on the whole log. */
export function slidingLogStep(kept: unknown, now: number, { delta, pace: windowMs, ceiling }: Demand): Step {
  const stored = kept as Log | undefined;
  const counts = stored && newest(stored) > now - windowMs;
  const log = counts ? stored : [0, 0];
  const at = Math.max(now, newest(log));
  const live = withoutLeft(log, at - windowMs);
  const [base, total] = [sum(live, 0), sum(live, live.length - 2)];
  const highest = ceiling < 0 ? onlyLook(ceiling) : ceiling;

  if (ceiling < 0 || total - base + delta > highest) {
    const need = total - (highest - delta);
    if (delta > highest || need <= base)
      return { allowed: false, state: digest(at, live), kept: stored, ttlMs: windowMs };
    const leaves = time(live, firstReaching(live, need));
    return { allowed: false, state: digest(at, live, need, leaves), kept: stored, ttlMs: windowMs };
  }
  const after = delta > 0 ? taken(live, at, delta) : givenBack(live, total + delta);
  return { allowed: true, state: digest(at, after), kept: after === live ? stored : after, ttlMs: windowMs };
}

function digest(at: number, live: Log, need = 0, leaves = 0): Step["state"] {
  const total = sum(live, live.length - 2);
  return [at, newest(live), total, sum(live, 0), need, leaves, ...live.slice(2, 2 + DIGEST_NUMBERS)];
}

const time = (log: Log, pair: number) => log[pair] ?? 0;
const sum = (log: Log, pair: number) => log[pair + 1] ?? 0;
const newest = (log: Log) => time(log, log.length - 2);

/** The log from the newest pair that has left by `horizon` on, at least its first. */
function withoutLeft(log: Log, horizon: number): Log {
  let first = 0;
  while (first + 2 < log.length && time(log, first + 2) <= horizon) first += 2;
  return first === 0 ? log : log.slice(first);
}

function firstReaching(log: Log, need: number): number {
  let pair = 2;
  while (sum(log, pair) < need) pair += 2;
  return pair;
}

function taken(live: Log, at: number, delta: number): Log {
  const last = live.length - 2;
  const log = sum(live, last) + delta > MAX_UNITS ? fromZero(live) : live;
  const sameTime = last > 0 && time(log, last) === at;
  return [...(sameTime ? log.slice(0, last) : log), at, Math.min(sum(log, last) + delta, MAX_UNITS)];
}

/** Totals only grow as long as a log lives, so before they run out they start again from what counts. */
function fromZero(live: Log): Log {
  const base = sum(live, 0);
  return live.map((value, i) => (i % 2 === 1 ? value - base : value));
}

/** The newest units go first. */
function givenBack(live: Log, total: number): Log {
  const base = sum(live, 0);
  const before = sum(live, live.length - 2);
  if (total === before || before === base) return live;
  if (total <= base) return [0, 0];
  const pair = firstReaching(live, total);
  return [...live.slice(0, pair), time(live, pair), total];
}

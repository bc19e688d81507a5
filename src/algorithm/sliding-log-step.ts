import { MAX_UNITS } from "../core/whole-number.ts";
import { type Demand, onlyLook, type Step } from "./algorithm.ts";

/**
 * The list in Redis: pairs of time and running total, neither of which ever falls. A copy for each call would cost as much
 * as the list is long, so an allowed step changes it in place.
 */
interface Log {
  pairs: number[];
  /** Where the list in Redis begins. What is before it has left or was given back, and waits to be freed. */
  first: number;
}

const TIME = 0;
const SUM = 1;

/** As many numbers of the oldest pairs as a digest carries: nine pairs. */
const DIGEST_NUMBERS = 18;

/** The twin of sliding-log.lua: one call on the whole log. */
export function slidingLogStep(kept: unknown, now: number, { delta, pace: windowMs, ceiling, since }: Demand): Step {
  const stored = kept as Log | undefined;
  const log = stored && newest(stored) > now - windowMs ? stored : nothingTaken();
  const dropped = time(log, log.first);
  const at = Math.max(now, newest(log), dropped > 0 ? dropped + windowMs : 0);
  const head = lastBelow(log, TIME, at - windowMs + 1);
  const [base, total] = [sum(log, head), sum(log, log.pairs.length - 2)];
  const highest = ceiling < 0 ? onlyLook(ceiling) : ceiling;

  if (ceiling < 0 || total - base + delta > highest) {
    const need = total - (highest - delta);
    if (delta > highest || need <= base) {
      return { allowed: false, state: digest(log, head, at), kept: stored, ttlMs: windowMs };
    }
    const leaves = time(log, lastBelow(log, SUM, need) + 2);
    return { allowed: false, state: digest(log, head, at, need, leaves), kept: stored, ttlMs: windowMs };
  }
  const hasLeft = since !== undefined && (since <= at - windowMs || since > at);
  if (delta === 0 || (delta < 0 && (total === base || hasLeft))) {
    return { allowed: true, state: digest(log, head, at), kept: stored, ttlMs: windowMs };
  }
  if (delta > 0) {
    startAt(log, head);
    take(log, at, delta);
  } else {
    giveBack(log, Math.min(base - delta, total), at - windowMs);
  }
  return { allowed: true, state: digest(log, log.first, at), kept: log, ttlMs: windowMs };
}

function digest(log: Log, head: number, at: number, need = 0, leaves = 0): Step["state"] {
  const { pairs } = log;
  const oldest = pairs.slice(head + 2, head + 2 + DIGEST_NUMBERS);
  return [at, newest(log), sum(log, pairs.length - 2), sum(log, head), need, leaves, ...oldest];
}

const nothingTaken = (): Log => ({ pairs: [0, 0], first: 0 });
const time = ({ pairs }: Log, pair: number) => pairs[pair] ?? 0;
const sum = ({ pairs }: Log, pair: number) => pairs[pair + 1] ?? 0;
const newest = (log: Log) => time(log, log.pairs.length - 2);

/** The last pair with a time or a total below `least`; the first one always is. */
function lastBelow({ pairs, first }: Log, column: typeof TIME | typeof SUM, least: number): number {
  let below = first;
  let end = pairs.length;
  while (end - below > 2) {
    const middle = below + 2 * Math.floor((end - below) / 4);
    if ((pairs[middle + column] as number) < least) below = middle;
    else end = middle;
  }
  return below;
}

/** Lets `pair` be the first. What is before it is freed once it is half of all, so that each pair is moved once or less. */
function startAt(log: Log, pair: number): void {
  log.first = pair;
  if (2 * pair <= log.pairs.length) return;
  log.pairs = log.pairs.slice(pair);
  log.first = 0;
}

function take(log: Log, at: number, delta: number): void {
  const { pairs, first } = log;
  const last = pairs.length - 2;
  if (sum(log, last) + delta > MAX_UNITS) startFromZero(log);
  const total = Math.min(sum(log, last) + delta, MAX_UNITS);
  if (last > first && time(log, last) === at) pairs[last + SUM] = total;
  else pairs.push(at, total);
}

/** Totals only grow as long as a log lives, so before they run out they start again from what counts. */
function startFromZero(log: Log): void {
  const base = sum(log, log.first);
  for (let i = log.first + SUM; i < log.pairs.length; i += 2) log.pairs[i] = (log.pairs[i] as number) - base;
}

/**
 * Raises the total that does not count to `base`, so the oldest units that count go. Those that stay are no older than the
 * calls that they stand for, so at no later time do fewer count. The newest stays, even if nothing of it counts. By `left` all had
 * left that is dropped.
 */
function giveBack(log: Log, base: number, left: number): void {
  startAt(log, lastBelow(log, SUM, Math.min(base + 1, sum(log, log.pairs.length - 2))));
  log.pairs[log.first + TIME] = Math.max(left, 0);
  log.pairs[log.first + SUM] = base;
}

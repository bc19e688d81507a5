import type { Quota } from "../subjects/subject.ts";

/** What one limiter said at one time, in ms, to a call of cost 1. */
export interface Said {
  readonly at: number;
  readonly allowed: boolean;
}

/** A definition of "over the limit", asked about the admissions so far, in order of time. Slow and plain on purpose. */
export type Definition = (admitted: readonly number[], at: number, quota: Quota) => boolean;

/** Never more than `limit` in any window, wherever it lies. */
export const exactWindow: Definition = (admitted, at, { limit, windowMs }) =>
  last(admitted, (time) => time > at - windowMs) < limit;

/** The textbook's sliding window: the count since the window's start, and the one before by how much of it still overlaps. */
export const twoCounters: Definition = (admitted, at, { limit, windowMs }) => {
  const start = Math.floor(at / windowMs) * windowMs;
  const current = last(admitted, (time) => time >= start);
  const previous = last(admitted, (time) => time >= start - windowMs) - current;
  // Whole numbers: everything times `windowMs`.
  return (current + 1) * windowMs + previous * (start + windowMs - at) <= limit * windowMs;
};

/** A bucket of `limit` tokens that `limit` per window flow into, without steps. */
export const exactBucket: Definition = (admitted, at, { limit, windowMs }) => {
  const full = limit * windowMs;
  let [level, since] = [full, admitted[0] ?? at];
  for (const time of admitted) {
    level = Math.min(full, level + (time - since) * limit) - windowMs;
    since = time;
  }
  return Math.min(full, level + (at - since) * limit) >= windowMs;
};

export interface Verdict {
  readonly checks: number;
  readonly admitted: number;
  /** Admitted by the definition, had it decided the same traffic alone. */
  readonly due: number;
  /** Denied although the definition, given the limiter's own admissions, had room. */
  readonly wronglyDenied: number;
  /** Admitted although it had none. */
  readonly wronglyAdmitted: number;
}

/** Holds one key's answers, in order of time, against a definition. */
export function judge(said: readonly Said[], allows: Definition, quota: Quota): Verdict {
  // Nothing older than two windows matters to a window. A bucket that is asked all the time is never full again.
  const oldest = allows === exactBucket ? Infinity : 2 * quota.windowMs;
  const recent = (admitted: number[], at: number) => {
    while (admitted.length > 0 && (admitted[0] as number) <= at - oldest) admitted.shift();
    return admitted;
  };
  const [its, own]: [number[], number[]] = [[], []];
  let [admitted, due, wronglyDenied, wronglyAdmitted] = [0, 0, 0, 0];
  for (const { at, allowed } of said) {
    const right = allows(recent(its, at), at, quota);
    if (allowed && !right) wronglyAdmitted += 1;
    if (!allowed && right) wronglyDenied += 1;
    if (allowed) {
      its.push(at);
      admitted += 1;
    }
    if (allows(recent(own, at), at, quota)) {
      own.push(at);
      due += 1;
    }
  }
  return { checks: said.length, admitted, due, wronglyDenied, wronglyAdmitted };
}

export function sum(verdicts: readonly Verdict[]): Verdict {
  const total = { checks: 0, admitted: 0, due: 0, wronglyDenied: 0, wronglyAdmitted: 0 };
  for (const verdict of verdicts) {
    for (const name of Object.keys(total) as (keyof Verdict)[]) total[name] += verdict[name];
  }
  return total;
}

function last(times: readonly number[], counts: (time: number) => boolean): number {
  let found = 0;
  for (let i = times.length - 1; i >= 0 && counts(times[i] as number); i -= 1) found += 1;
  return found;
}

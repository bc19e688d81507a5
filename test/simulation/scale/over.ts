import type { PolicyRule } from "../world/history.ts";

/**
 * By how many units the fullest span holds more than its definition allows, given when each unit was admitted, in ms; 0 if none does.
 * Of a bucket any span counts, of a fixed window its own, of a log any of its length.
 */
export function mostOver({ kind, limit, windowMs, burst }: PolicyRule, admittedAt: readonly number[]): number {
  let [used, most] = [0, 0];
  const times = admittedAt.toSorted((a, b) => a - b);
  for (const [i, at] of times.entries()) {
    const before = times[i - 1] ?? 0;
    if (kind === "bucket") used = Math.max(0, used - ((at - before) * limit) / windowMs) + 1;
    else if (kind === "fixed") used = Math.floor(at / windowMs) === Math.floor(before / windowMs) ? used + 1 : 1;
    else if (kind === "log") used = i + 1 - firstAfter(times, at - windowMs, i + 1 - used);
    else throw new TypeError(`${kind} has no definition here: what is drawn is a bucket, a fixed window or a log`);
    most = Math.max(most, used - burst);
  }
  return Math.max(0, Math.ceil(most - ROUNDING));
}

/** What adding up fractions comes to. */
const ROUNDING = 1e-6;

/** The number of the first time behind that one, looked for from a number on that is not too high. */
function firstAfter(times: readonly number[], time: number, from: number): number {
  let first = Math.max(0, from - 1);
  while ((times[first] as number) <= time) first += 1;
  return first;
}

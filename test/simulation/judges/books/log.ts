import type { PolicyRule } from "../../world/history.ts";
import type { Book } from "./book.ts";

/**
 * In no window of any position is more taken than the limit: what was taken at t counts until t + window. What comes back brings
 * its time as what is taken does, so that what has left by it has left for all.
 */
export function logBook(rule: PolicyRule): Book {
  const { windowMs } = rule;
  let { limit } = rule;
  let entries: { readonly at: number; units: number }[] = [];
  /** What counts has not left, so it is at the end of the list. */
  const used = (time: number) => {
    let sum = 0;
    for (let i = entries.length - 1; i >= 0; i -= 1) {
      const entry = entries[i] as (typeof entries)[number];
      if (entry.at <= time - windowMs) break;
      sum += entry.units;
    }
    return sum;
  };
  const tidy = (time: number) => {
    if (entries.length > 0 && (entries[0] as (typeof entries)[number]).at <= time - windowMs) {
      entries = entries.filter(({ at }) => at > time - windowMs);
    }
  };
  return {
    allows: (time, units) => used(time) + units <= limit,
    remaining: (time) => Math.max(0, limit - used(time)),
    take(time, units) {
      if (units === 0) return;
      tidy(time);
      entries.push({ at: time, units });
    },
    // The oldest units that count go first; what has left by then has left for good. Where nothing counts nothing is given
    // back, and so nothing is written: what has left by that caller's clock still counts for those behind it.
    giveBack(time, units, since = time) {
      if (units === 0 || since > time || since <= time - windowMs || used(time) === 0) return;
      tidy(time);
      let left = units;
      while (left > 0 && entries[0]) {
        const given = Math.min(left, entries[0].units);
        entries[0].units -= given;
        left -= given;
        if (entries[0].units === 0) entries.shift();
      }
    },
    wholeAfterMs: (time) => Math.max(0, (entries.at(-1)?.at ?? 0) + windowMs - time),
    under(numbers) {
      ({ limit } = numbers);
    },
    forget() {
      entries = [];
    },
  };
}

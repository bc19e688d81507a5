import type { PolicyRule } from "../../world/history.ts";
import type { Book } from "./book.ts";

/**
 * In no span from one taking to another is more taken than burst + span × limit / window. The fullest span that ends now
 * is the fullest that ended at the last taking, less what flows in since, or empty: so one number is enough. A unit is
 * `windowMs` parts, and `limit` parts flow in each ms. Under another limit no more of it counts than a full bucket, and what
 * was taken beyond one.
 */
export function bucketBook(rule: PolicyRule): Book {
  const { windowMs } = rule;
  let { limit, burst } = rule;
  let fullest = 0;
  let since = 0;
  /** A full bucket when that was taken. */
  let full = burst * windowMs;
  const counted = () => (fullest > full ? fullest - full + burst * windowMs : Math.min(fullest, burst * windowMs));
  const at = (time: number) => Math.max(0, counted() - (time - since) * limit);
  const set = (time: number, parts: number) => {
    since = time;
    fullest = parts;
    full = burst * windowMs;
  };
  return {
    allows: (time, units, delayMs) =>
      units <= burst && at(time) + units * windowMs <= burst * windowMs + delayMs * limit,
    remaining: (time) => Math.max(0, Math.floor((burst * windowMs - at(time)) / windowMs)),
    take: (time, units) => set(time, at(time) + units * windowMs),
    giveBack(time, units, since = time) {
      const flowedIn = since > time ? Infinity : (time - since) * limit;
      set(time, Math.max(0, at(time) - Math.max(0, units * windowMs - flowedIn)));
    },
    wholeAfterMs: (time) => Math.ceil(at(time) / limit),
    under(numbers) {
      ({ limit, burst } = numbers);
    },
    forget: () => set(0, 0),
  };
}

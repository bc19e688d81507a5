import type { PolicyRule } from "../../world/history.ts";
import type { Book } from "./book.ts";

/**
 * In no span from one taking to another is more taken than burst + span × limit / window. The fullest span that ends now
 * is the fullest that ended at the last taking, less what flows in since, or empty: so one number is enough. A unit is
 * `windowMs` parts, and `limit` parts flow in each ms.
 */
export function bucketBook({ limit, windowMs, burst }: PolicyRule): Book {
  let fullest = 0;
  let since = 0;
  const at = (time: number) => Math.max(0, fullest - (time - since) * limit);
  const set = (time: number, parts: number) => {
    since = time;
    fullest = parts;
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
    forget: () => set(0, 0),
  };
}

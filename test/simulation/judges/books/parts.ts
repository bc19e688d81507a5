import type { PolicyRule } from "../../world/history.ts";
import type { Book } from "./book.ts";

/**
 * A window in parts: a part takes units until it holds its share of the limit, and all of them leave when the last of them is a
 * window old. If there are as many parts as may be, the newest takes on.
 */
export function partsBook(rule: PolicyRule): Book {
  const { windowMs, parts = 1 } = rule;
  let { limit } = rule;
  const share = () => Math.ceil(limit / parts);
  let list: { units: number; last: number }[] = [];
  const counting = (time: number) => list.filter(({ last }) => last + windowMs > time);
  const used = (time: number) => counting(time).reduce((sum, { units }) => sum + units, 0);
  return {
    allows: (time, units) => used(time) + units <= limit,
    remaining: (time) => Math.max(0, limit - used(time)),
    take(time, units) {
      if (units === 0) return;
      list = counting(time);
      const newest = list.at(-1);
      if (newest && (newest.units < share() || list.length === parts)) {
        newest.units += units;
        newest.last = time;
      } else list.push({ units, last: time });
    },
    // The oldest units that count go first, as from a log, but none that were all taken before.
    giveBack(time, units, since) {
      if (since !== undefined && (since > time || since + windowMs <= time)) return;
      list = counting(time);
      let left = units;
      for (const part of list) {
        const given = since !== undefined && part.last < since ? 0 : Math.min(left, part.units);
        part.units -= given;
        left -= given;
      }
      list = list.filter((part) => part.units > 0);
    },
    wholeAfterMs: (time) => Math.max(0, (counting(time).at(-1)?.last ?? time - windowMs) + windowMs - time),
    under(numbers) {
      ({ limit } = numbers);
    },
    forget() {
      list = [];
    },
  };
}

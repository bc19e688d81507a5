import type { PolicyRule } from "../../world/history.ts";
import type { Book } from "./book.ts";

/** In no window that is aligned to the epoch is more taken than the limit. */
export function fixedBook({ limit, windowMs }: PolicyRule): Book {
  let index = 0;
  let taken = 0;
  const at = (time: number) => (Math.floor(time / windowMs) === index ? taken : 0);
  const set = (time: number, units: number) => {
    index = Math.floor(time / windowMs);
    taken = units;
  };
  return {
    allows: (time, units) => at(time) + units <= limit,
    remaining: (time) => Math.max(0, limit - at(time)),
    take: (time, units) => set(time, at(time) + units),
    giveBack(time, units, since = time) {
      const counts = since <= time && Math.floor(since / windowMs) === Math.floor(time / windowMs);
      set(time, Math.max(0, at(time) - (counts ? units : 0)));
    },
    wholeAfterMs: (time) => (at(time) === 0 ? 0 : (index + 1) * windowMs - time),
    forget: () => set(0, 0),
  };
}

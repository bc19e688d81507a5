import type { Book } from "./book.ts";

/** In no window is more taken than the limit; `endOf` tells the first ms behind the window of a time. */
export function windowBook(first: number, endOf: (time: number) => number): Book {
  let limit = first;
  let end = 0;
  let taken = 0;
  const at = (time: number) => (endOf(time) === end ? taken : 0);
  const set = (time: number, units: number) => {
    end = endOf(time);
    taken = units;
  };
  return {
    allows: (time, units) => at(time) + units <= limit,
    remaining: (time) => Math.max(0, limit - at(time)),
    take: (time, units) => set(time, at(time) + units),
    giveBack(time, units, since = time) {
      const counts = since <= time && endOf(since) === endOf(time);
      set(time, Math.max(0, at(time) - (counts ? units : 0)));
    },
    wholeAfterMs: (time) => (at(time) === 0 ? 0 : endOf(time) - time),
    under(numbers) {
      ({ limit } = numbers);
    },
    forget() {
      taken = 0;
    },
  };
}

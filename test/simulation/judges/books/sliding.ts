import type { PolicyRule } from "../../world/history.ts";
import type { Book } from "./book.ts";

/**
 * What was taken in the running window, and the share of the one before that the last `windowMs` still overlap, come to no
 * more than the limit. Units are counted `windowMs` times, so that nothing is rounded.
 */
export function slidingBook(rule: PolicyRule): Book {
  const { windowMs } = rule;
  let { limit } = rule;
  let index = 0;
  let running = 0;
  let before = 0;
  const at = (time: number): readonly [number, number] => {
    const passed = Math.floor(time / windowMs) - index;
    if (passed === 0) return [running, before];
    return passed === 1 ? [0, running] : [0, 0];
  };
  const set = (time: number, now: number, then: number) => {
    index = Math.floor(time / windowMs);
    running = now;
    before = then;
  };
  const load = (time: number) => {
    const [now, then] = at(time);
    return now * windowMs + then * (windowMs - (time % windowMs));
  };
  return {
    allows: (time, units) => load(time) + units * windowMs <= limit * windowMs,
    remaining: (time) => Math.max(0, Math.floor((limit * windowMs - load(time)) / windowMs)),
    take(time, units) {
      const [now, then] = at(time);
      set(time, now + units, then);
    },
    giveBack(time, units, since) {
      const [now, then] = at(time);
      if (since !== undefined) {
        const passed = since > time ? -1 : Math.floor(time / windowMs) - Math.floor(since / windowMs);
        set(time, Math.max(0, now - (passed === 0 ? units : 0)), Math.max(0, then - (passed === 1 ? units : 0)));
        return;
      }
      set(time, Math.max(0, now - units), Math.max(0, then - Math.max(0, units - now)));
    },
    wholeAfterMs(time) {
      const [now, then] = at(time);
      const leftMs = windowMs - (time % windowMs);
      if (now > 0) return leftMs + windowMs;
      return then > 0 ? leftMs : 0;
    },
    under(numbers) {
      ({ limit } = numbers);
    },
    forget: () => set(0, 0, 0),
  };
}

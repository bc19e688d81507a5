import { MAX_UNITS } from "../core/whole-number.ts";
import { type Algorithm, type Counts, first, onlyLook } from "./algorithm.ts";
import { keySetWindows, slidingParts } from "./scripts.ts";

/**
 * Sliding window in parts: a part is a number of units and the time of the last of them, with which all of them leave. So no
 * window of any position ever holds more than the limit, and fewer than `limit / parts` units count for too long. The counts are
 * the units in use and the time of the newest part, then a pair of time and units for each part, the oldest first. Where the
 * newest parts are missing, nobody here knows what counts once the others have left: that is not a number, and denies nothing.
 */
export function slidingPartsAlgorithm(parts: number): Algorithm {
  const size = 2 + 2 * parts;
  /** Counts with zeros for the parts that are not there: so one of several algorithms always has as many. */
  function filled(used: number, newest: number, pairs: Counts): Counts {
    return [used, newest, ...pairs, ...new Array<number>(Math.max(0, size - 2 - pairs.length)).fill(0)];
  }
  function kept(pairs: Counts): Counts {
    const used = pairs.reduce((sum, number, i) => sum + (i % 2) * number, 0);
    return filled(used, pairs.at(-2) ?? 0, pairs);
  }
  return {
    script: slidingParts,
    set: keySetWindows,
    code: "p",
    kind: (window) => `p${parts}-${window}`,
    most: MAX_UNITS - 1,
    size,

    advance(counts, _from, to, { pace: windowMs }) {
      const pairs = pairsOf(counts);
      let used = first(counts);
      let left = 0;
      while (left < pairs.length && timeIn(pairs, left) <= to - windowMs) {
        used -= unitsIn(pairs, left);
        left += 2;
      }
      if (newestOf(counts) <= to - windowMs || used === 0) return filled(0, 0, []);
      return filled(left < pairs.length ? used : Number.NaN, newestOf(counts), pairs.slice(left));
    },
    add(counts, delta, { pace: windowMs, full = 0, since }, at) {
      if (since !== undefined && since <= at - windowMs) return counts;
      const used = first(counts);
      const pairs = pairsOf(counts);
      const more = Math.min(delta, MAX_UNITS - used);
      if (more < 0) return kept(withoutOldest(pairs, -more, since));
      if (more === 0) return counts;
      const last = pairs.length - 2;
      const isOpen = last >= 0 && (unitsIn(pairs, last) < full || pairs.length >= 2 * parts);
      const others = isOpen ? pairs.slice(0, last) : pairs;
      return filled(used + more, at, [...others, at, isOpen ? unitsIn(pairs, last) + more : more]);
    },
    told(state, { delta, ceiling }) {
      const [at, used = 0, newest = 0, ...pairs] = state;
      if (used === 0) return [at, 0, 0];
      let need = used + delta - (ceiling < 0 ? onlyLook(ceiling) : ceiling);
      if (need > used) need = 0;
      let end = 0;
      do {
        need -= unitsIn(pairs, end);
        end += 2;
      } while (need > 0 && unitsIn(pairs, end) > 0);
      return [at, used, newest, ...pairs.slice(0, end)];
    },
    load: first,
    lifeMs: (counts, at, { pace: windowMs }) => (first(counts) > 0 ? newestOf(counts) + windowMs - at : 0),

    demand: ({ limit, windowMs }, cost) => ({
      delta: cost,
      pace: windowMs,
      ceiling: limit,
      full: Math.ceil(limit / parts),
      parts,
    }),
    remaining: (counts, _at, { limit }) => Math.max(0, limit - first(counts)),
    retryAfterMs(counts, at, { limit, windowMs }, cost) {
      if (cost > limit) return Infinity;
      let need = first(counts) + cost - limit;
      if (need <= 0) return 0;
      const pairs = pairsOf(counts);
      for (let i = 0; i < pairs.length; i += 2) {
        need -= unitsIn(pairs, i);
        if (need <= 0) return timeIn(pairs, i) + windowMs - at;
      }
      return Number.NaN;
    },
  };
}

const newestOf = (counts: Counts) => counts[1] ?? 0;
const timeIn = (pairs: Counts, i: number) => pairs[i] ?? 0;
const unitsIn = (pairs: Counts, i: number) => pairs[i + 1] ?? 0;

/** The pairs alone, without the zeros. */
function pairsOf(counts: Counts): Counts {
  let end = counts.length;
  while (end > 2 && counts[end - 1] === 0) end -= 2;
  return counts.slice(2, end);
}

/**
 * What comes back comes from the oldest part that can hold what was taken at `since`, so that at any time no fewer units count than the
 * calls that they stand for: docs/algorithms.md.
 */
function withoutOldest(pairs: Counts, units: number, since = 0): number[] {
  const kept: number[] = [];
  let back = units;
  for (let i = 0; i < pairs.length; i += 2) {
    const given = timeIn(pairs, i) < since ? 0 : Math.min(back, unitsIn(pairs, i));
    back -= given;
    if (given < unitsIn(pairs, i)) kept.push(timeIn(pairs, i), unitsIn(pairs, i) - given);
  }
  return kept;
}

import type { TopEntry } from "./top-keys.ts";

/** The most keys of a list that is stored; merge-hour.lua has it, too. */
export const MOST_KEYS = 64;

/**
 * The keys that came most often, those of the highest counts first. Of any other key at most `floor` came. All counts and the
 * floor add up to no more than what came in all, n, so floor and errors are below n / MOST_KEYS, however lists were merged
 * (Agarwal and others, "Mergeable Summaries", 2012).
 */
export interface TopList {
  readonly keys: readonly TopEntry[];
  readonly floor: number;
}

export const NO_KEYS: TopList = { keys: [], floor: 0 };

/** The list of the highest counts; `floor` holds for what is not among the entries. */
export function topList(entries: readonly TopEntry[], floor = 0): TopList {
  const sorted = [...entries].sort((a, b) => b.count - a.count);
  return { keys: sorted.slice(0, MOST_KEYS), floor: sorted[MOST_KEYS]?.count ?? floor };
}

/** Both lists as one, as merge-hour.lua does it: what a list does not have came at most as often as its floor says. */
export function mergedLists(one: TopList, other: TopList): TopList {
  const ofOther = new Map(other.keys.map((entry) => [entry.key, entry]));
  const shared = one.keys.map(({ key, count, error }) => {
    const also = ofOther.get(key) ?? { count: other.floor, error: other.floor };
    ofOther.delete(key);
    return { key, count: count + also.count, error: error + also.error };
  });
  const added = [...ofOther.values()].map(({ key, count, error }) => {
    return { key, count: count + one.floor, error: error + one.floor };
  });
  return topList([...shared, ...added], one.floor + other.floor);
}

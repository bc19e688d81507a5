/**
 * Counts which keys come most often in bounded memory: Space-Saving (Metwally, Agrawal, El Abbadi 2005). A key that has no
 * counter takes over the lowest one, and its count as its possible error.
 */
export interface TopKeys {
  add(key: string): void;
  /** The counters, in no order. */
  entries(): TopEntry[];
}

/** How often a key came: at most `count`, at least `count - error`. */
export interface TopEntry {
  readonly key: string;
  readonly count: number;
  readonly error: number;
}

/** More than are kept in the end, since most of the error arises here, where a counter costs the least. */
export const COUNTERS = 256;

export function createTopKeys(counters = COUNTERS): TopKeys {
  const places = new Map<string, number>();
  const keys: string[] = [];
  const counts: number[] = [];
  const errors: number[] = [];
  // The lowest count only rises, and most counters near it are alike: to go on from the last one found costs few steps.
  let lowest = 1;
  let cursor = 0;

  function placeOfLowest(): number {
    for (let tried = 0; tried < counters; tried += 1) {
      cursor = (cursor + 1) % counters;
      if (counts[cursor] === lowest) return cursor;
    }
    lowest = Math.min(...counts);
    return placeOfLowest();
  }

  return {
    add(key) {
      let place = places.get(key);
      if (place === undefined) {
        const full = keys.length === counters;
        place = full ? placeOfLowest() : keys.length;
        if (full) places.delete(keys[place] as string);
        places.set(key, place);
        keys[place] = key;
        errors[place] = full ? lowest : 0;
        if (!full) counts[place] = 0;
      }
      counts[place] = (counts[place] as number) + 1;
    },
    entries: () => keys.map((key, place) => ({ key, count: counts[place] as number, error: errors[place] as number })),
  };
}

/** Which identifiers are blocked until when, in this isolate; algorithms of users may keep counts in it, too. */
export interface EphemeralCache {
  /** Whether the identifier is blocked, and until when, in ms since the epoch. */
  isBlocked: (identifier: string) => { blocked: boolean; reset: number };
  blockUntil: (identifier: string, reset: number) => void;
  set: (key: string, value: number) => void;
  get: (key: string) => number | null;
  incr: (key: string, incrementAmount?: number) => number;
  pop: (key: string) => void;
  empty: () => void;
  size: () => number;
}

/** Entries from which on those that have ended are looked for. */
const SWEEP_FROM = 1000;

/** Lower values are counts of an algorithm: as a time it would be in 2001. */
const FIRST_TIME = 1e12;

/** A cache in a map, which its owner may share between limiters. What has ended leaves it as it grows. */
export function ephemeralCache(entries: Map<string, number>): EphemeralCache {
  let sweepAt = SWEEP_FROM;

  function sweep(now: number) {
    for (const [key, until] of entries) if (until >= FIRST_TIME && until < now) entries.delete(key);
    sweepAt = Math.max(SWEEP_FROM, 2 * entries.size);
  }

  return {
    isBlocked(identifier) {
      const reset = entries.get(identifier);
      if (reset !== undefined && reset > Date.now()) return { blocked: true, reset };
      if (reset !== undefined) entries.delete(identifier);
      return { blocked: false, reset: 0 };
    },
    blockUntil(identifier, reset) {
      if (entries.size >= sweepAt) sweep(Date.now());
      entries.set(identifier, reset);
    },
    set: (key, value) => void entries.set(key, value),
    get: (key) => entries.get(key) ?? null,
    incr(key, incrementAmount = 1) {
      const value = (entries.get(key) ?? 0) + incrementAmount;
      entries.set(key, value);
      return value;
    },
    pop: (key) => void entries.delete(key),
    empty: () => entries.clear(),
    size: () => entries.size,
  };
}

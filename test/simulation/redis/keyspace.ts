/** What a key holds, and for how long. */
export interface Stored {
  readonly value: unknown;
  /** The database's time at which it ends; in that very millisecond it is still there. */
  readonly endsAt: number;
}

/** Keys with expiry, as Redis keeps them. */
export interface Keyspace {
  get(key: string, now: number): Stored | undefined;
  set(key: string, stored: Stored, now: number): void;
  delete(key: string): boolean;
  clear(): void;
  entries(): Iterable<readonly [key: string, stored: Stored]>;
  /** Keys kept; what has expired leaves from time to time. */
  readonly size: number;
}

const LEAST_SWEPT = 1024;

export function createKeyspace(): Keyspace {
  const entries = new Map<string, Stored>();
  let sweepAt = LEAST_SWEPT;

  function sweep(now: number): void {
    for (const [key, { endsAt }] of entries) if (endsAt < now) entries.delete(key);
    sweepAt = Math.max(LEAST_SWEPT, 2 * entries.size);
  }

  return {
    get(key, now) {
      const stored = entries.get(key);
      if (!stored || stored.endsAt >= now) return stored;
      entries.delete(key);
      return undefined;
    },
    set(key, stored, now) {
      entries.set(key, stored);
      if (entries.size > sweepAt) sweep(now);
    },
    delete: (key) => entries.delete(key),
    clear: () => entries.clear(),
    entries: () => entries,
    get size() {
      return entries.size;
    },
  };
}

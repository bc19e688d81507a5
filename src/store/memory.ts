import { wholeNumber } from "../core/whole-number.js";
import type { LocalStore, StepReply, StepRequest } from "./store.js";

export interface MemoryStoreOptions {
  /** Most keys kept, a whole number from 1; past it the key used least recently is forgotten. Default 100 000. */
  maxKeys?: number;
  /** A clock of the store's own, ms since the epoch. Default: the limiter's clock. */
  now?: () => number;
}

interface Entry {
  readonly kept: unknown;
  readonly writtenAt: number;
  readonly ttlMs: number;
}

/**
 * The same algorithms in this process: for one server, for tests, and as the limiter's fallback. Counts are this
 * process's alone. Throws a `TypeError` or `RangeError` that names the option.
 */
export function memoryStore({ maxKeys = 100_000, now: clock }: MemoryStoreOptions = {}): LocalStore {
  wholeNumber("maxKeys", maxKeys, 1);
  const entries = new Map<string, Entry>();

  // A clock set back by more than an entry's life would keep it for too long, so that counts as expired too.
  const expired = ({ writtenAt, ttlMs }: Entry, now: number) => Math.abs(now - writtenAt) >= ttlMs;

  return {
    remote: false,
    clock: clock ? "store" : "limiter",

    step({ program, key, now: limiterNow, demands }: StepRequest): StepReply {
      const now = clock ? Math.floor(clock()) : limiterNow;
      const found = entries.get(key);
      const entry = found && !expired(found, now) ? found : undefined;
      const { allowed, state, kept, ttlMs } = program.step(entry?.kept, now, demands);
      if (found) entries.delete(key);
      if (allowed) entries.set(key, { kept, writtenAt: now, ttlMs });
      else if (entry) entries.set(key, entry);
      if (entries.size > maxKeys) makeRoom(entries, (oldest) => expired(oldest, now));
      return { allowed, state };
    },

    reset(key: string): void {
      entries.delete(key);
    },
  };
}

/** Drops the entry used least recently, and behind it what has expired anyway. */
function makeRoom(entries: Map<string, Entry>, expired: (entry: Entry) => boolean): void {
  let dropped = 0;
  for (const [key, entry] of entries) {
    if (dropped > 0 && !expired(entry)) break;
    entries.delete(key);
    dropped += 1;
  }
}

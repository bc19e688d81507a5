import { wholeNumber } from "../core/whole-number.ts";
import { createGenerations } from "./generations.ts";
import type { LocalStore, StepReply, StepRequest } from "./store.ts";

export interface MemoryStoreOptions {
  /** Most keys kept, a whole number from 2; the half of them that was used last is never forgotten. Default 100 000. */
  maxKeys?: number | undefined;
  /** A clock of the store's own, ms since the epoch. Default: the limiter's clock. */
  now?: (() => number) | undefined;
}

interface Entry {
  kept: unknown;
  writtenAt: number;
  ttlMs: number;
}

/**
 * The same algorithms in this process: for one server, for tests, and as the limiter's fallback. Counts are this
 * process's alone. Throws a `TypeError` or `RangeError` that names the option.
 */
export function memoryStore({ maxKeys = 100_000, now: clock }: MemoryStoreOptions = {}): LocalStore {
  wholeNumber("maxKeys", maxKeys, 2);
  const entries = createGenerations<Entry>(maxKeys);

  return {
    remote: false,
    clock: clock ? "store" : "limiter",

    step({ program, key, now: limiterNow, demands }: StepRequest): StepReply {
      const now = clock ? Math.floor(clock()) : limiterNow;
      const entry = entries.get(key);
      const {
        allowed,
        state,
        kept,
        ttlMs,
        writes = allowed,
        blockedUntil,
      } = program.step(live(entry, now), now, demands);
      if (writes && entry) {
        entry.kept = kept;
        entry.writtenAt = now;
        entry.ttlMs = ttlMs;
      } else if (writes) {
        entries.set(key, { kept, writtenAt: now, ttlMs });
      }
      return { allowed, state, blockedUntil };
    },

    reset(key: string): void {
      entries.delete(key);
    },
  };
}

/** What is kept and has not expired; a clock set back by more than an entry's life would keep it for too long. */
function live(entry: Entry | undefined, now: number): unknown {
  return entry && Math.abs(now - entry.writtenAt) < entry.ttlMs ? entry.kept : undefined;
}

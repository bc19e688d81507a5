import type { State } from "../algorithm/algorithm.ts";
import { createGenerations } from "../store/generations.ts";
import type { CheckedSnapshotOptions } from "./checked-options.ts";

/** The last state seen of a key, as plain data: requests may share it. */
export interface Snapshot {
  readonly state: State;
  /** The limits that it was seen under: other limits make time pass at another pace. */
  readonly limits: string;
  /** This isolate's clock when the store was asked. */
  readonly askedAt: number;
}

interface Entry {
  /** Left out once the isolate itself gave something back: what it saw before is worth nothing. */
  readonly snapshot?: Snapshot;
  /** Snapshots of calls begun before this one's turn are out of date. */
  readonly turn: number;
  readonly since: number;
  /** When the snapshot ends. */
  readonly until: number;
  /** When the turn can be forgotten too: no earlier than what calls that were under way at a `clear` may have seen ends. */
  readonly forgetAt: number;
}

/** What an isolate remembers of the states it saw. */
export interface Snapshots {
  /** Numbers the calls in their order; to be taken before the store is asked. */
  turn(): number;
  get(key: string, now: number): Snapshot | undefined;
  /** Remembers what a call saw, for `usefulMs` at most. */
  set(key: string, snapshot: Snapshot, turn: number, usefulMs: number): void;
  /** Forgets the key, and what calls under way see of it. */
  clear(key: string, now: number): void;
  readonly size: number;
}

/** Bounded by `maxKeys`, of which the half used last stays, and by time: what has ended is gone after `maxAgeMs` more. */
export function createSnapshots({ maxKeys, maxAgeMs }: CheckedSnapshotOptions): Snapshots {
  const entries = createGenerations<Entry>(maxKeys);
  let turns = 0;
  let agedAt = -Infinity;

  // A clock set back makes an entry look younger than it is, so that ends it too.
  const expired = ({ since, forgetAt }: Entry, now: number) => now >= forgetAt || now < since;

  return {
    turn: () => ++turns,
    get(key, now) {
      if (Math.abs(now - agedAt) >= maxAgeMs) {
        if (entries.size > 0) entries.age();
        agedAt = now;
      }
      const entry = entries.get(key);
      if (!entry) return undefined;
      if (!expired(entry, now)) return now < entry.until ? entry.snapshot : undefined;
      entries.delete(key);
      return undefined;
    },
    set(key, snapshot, turn, usefulMs) {
      const before = entries.get(key);
      if (before && turn <= before.turn) return;
      const since = snapshot.askedAt;
      const until = since + Math.min(usefulMs, maxAgeMs);
      const forgetAt = Math.max(until, before?.forgetAt ?? 0);
      if (forgetAt > since) entries.set(key, { snapshot, turn, since, until, forgetAt });
      else if (before) entries.delete(key);
    },
    clear(key, now) {
      entries.set(key, { turn: turns, since: now, until: now, forgetAt: now + maxAgeMs });
    },
    get size() {
      return entries.size;
    },
  };
}

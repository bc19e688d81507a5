import type { State } from "../algorithm/algorithm.ts";
import type { CheckedSnapshotOptions } from "./options.ts";

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

/** Expired entries stay no longer than this, in ms, once anything is asked. */
const SWEEP_EVERY_MS = 1000;

/** Bounded by `maxKeys`, the least recently used out first, and by time. */
export function createSnapshots({ maxKeys, maxAgeMs }: CheckedSnapshotOptions): Snapshots {
  const entries = new Map<string, Entry>();
  // An attacker's key is asked for again and again: it need not be moved to where it is.
  let newest: Entry | undefined;
  let turns = 0;
  let sweptAt = -Infinity;

  // A clock set back makes an entry look younger than it is, so that ends it too.
  const expired = ({ since, forgetAt }: Entry, now: number) => now >= forgetAt || now < since;

  function sweep(now: number) {
    if (Math.abs(now - sweptAt) < SWEEP_EVERY_MS) return;
    sweptAt = now;
    for (const [key, entry] of entries) if (expired(entry, now)) entries.delete(key);
  }

  function put(key: string, entry: Entry) {
    entries.delete(key);
    entries.set(key, entry);
    newest = entry;
    if (entries.size <= maxKeys) return;
    const [oldest] = entries.keys();
    if (oldest !== undefined) entries.delete(oldest);
  }

  return {
    turn: () => ++turns,
    get(key, now) {
      sweep(now);
      const entry = entries.get(key);
      if (!entry) return undefined;
      if (expired(entry, now)) {
        entries.delete(key);
        return undefined;
      }
      if (entry !== newest) put(key, entry);
      return now < entry.until ? entry.snapshot : undefined;
    },
    set(key, snapshot, turn, usefulMs) {
      const before = entries.get(key);
      if (before && turn <= before.turn) return;
      const since = snapshot.askedAt;
      const until = since + Math.min(usefulMs, maxAgeMs);
      const forgetAt = Math.max(until, before?.forgetAt ?? 0);
      if (forgetAt > since) put(key, { snapshot, turn, since, until, forgetAt });
      else if (before) entries.delete(key);
    },
    clear(key, now) {
      put(key, { turn: turns, since: now, until: now, forgetAt: now + maxAgeMs });
    },
    get size() {
      return entries.size;
    },
  };
}

import { replaceCrypto } from "./crypto.ts";

/** What code of an isolate finds in place of the platform's own, while it runs. */
export interface Platform {
  /** Whether code of an isolate runs right now; anybody else finds the real things. */
  isInside(): boolean;
  /** Ms since the epoch by the isolate's clock. */
  now(): number;
  random(): number;
  setTimer(run: () => void, delayMs: number): unknown;
  /** False if the handle is none of this world's. */
  clearTimer(handle: unknown): boolean;
  /** Another world begins, so that this one must not go on: nobody waits for it any more. */
  ended?(): void;
  /** Told of every `Map` that an isolate makes: all that it keeps for longer than a call is in one. */
  made(map: ReadonlyMap<unknown, unknown>): void;
}

/** Ends the world that is under way and puts the real things back. */
let endCurrent: (() => void) | undefined;

/**
 * Replaces `setTimeout`, `clearTimeout`, `Date.now`, `Math.random`, `Map` and what `crypto` draws and digests for code of isolates;
 * returns what puts the real ones back. Promises, `AbortController` and all else stay real. One world at a time: one that is still under way, as after a test that took too long, is ended.
 */
export function replaceGlobals(platform: Platform): () => void {
  endCurrent?.();
  const real = { setTimeout, clearTimeout, now: Date.now, random: Math.random, Map, frames: Error.stackTraceLimit };
  // In an outage there are many errors, and to tell where each was made is most of what they cost.
  Error.stackTraceLimit = 0;

  function setVirtual(run: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]): unknown {
    if (!platform.isInside()) return real.setTimeout(run, delayMs, ...args);
    // As on Node: 1 ms is the least.
    return platform.setTimer(() => run(...args), Math.max(1, delayMs));
  }

  class NotedMap<Key, Value> extends real.Map<Key, Value> {
    constructor(entries?: Iterable<readonly [Key, Value]> | null) {
      super(entries);
      if (platform.isInside()) platform.made(this);
    }
  }

  Object.assign(globalThis, {
    setTimeout: setVirtual,
    clearTimeout: (handle?: unknown) => {
      if (!platform.clearTimer(handle)) real.clearTimeout(handle as NodeJS.Timeout);
    },
    Map: NotedMap,
  });
  const restoreCrypto = replaceCrypto(platform);
  Date.now = () => (platform.isInside() ? platform.now() : real.now());
  Math.random = () => (platform.isInside() ? platform.random() : real.random());

  const restore = () => {
    if (endCurrent !== end) return;
    endCurrent = undefined;
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout, Map: real.Map });
    restoreCrypto();
    Error.stackTraceLimit = real.frames;
    Date.now = real.now;
    Math.random = real.random;
  };
  const end = () => {
    platform.ended?.();
    restore();
  };
  endCurrent = end;
  return restore;
}

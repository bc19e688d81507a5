import { shown } from "./clock.ts";
import { replaceGlobals } from "./globals.ts";
import { type Isolate, isOver, type Owner } from "./isolate.ts";
import { bits, type Stream, share, streamOf } from "./random.ts";
import { runToEnd } from "./run-loop.ts";
import { createTimeline, type Entry } from "./timeline.ts";

/** What makes isolates' code run in virtual time: one event after the other, each on behalf of somebody. */
export interface Engine {
  /** Ms since the world's start. */
  readonly now: number;
  /** Who runs right now. */
  readonly running: Owner | undefined;
  /** Lets the world itself do something later. */
  later(delayMs: number, run: () => void): void;
  /** Lets an isolate's code run later, if the isolate is there by then. */
  laterFor(owner: Owner, delayMs: number, run: () => void): Entry<Owner | undefined>;
  /** Runs an isolate's code as the last thing of an event: what follows from it by promises is its own. */
  runAs(owner: Owner, run: () => void): void;
  /** Runs an isolate's code that starts nothing; without an owner code of nobody's. */
  within(owner: Owner | undefined, run: () => void): void;
  freeze(isolate: Isolate): void;
  thaw(isolate: Isolate): void;
  /** Begins, and runs until nothing is left to happen, or until `stop`. */
  run(begin: () => void): Promise<void>;
  stop(): void;
  /** How many events have happened. */
  readonly events: number;
}

/** What `setTimeout` returns to an isolate's code. */
type Timer = Entry<Owner | undefined>;

/** Times are whole parts of a ms, so that sums of them are exact. */
const PARTS = 1024;

export function createEngine(seed: number): Engine {
  const timeline = createTimeline<Owner | undefined>();
  const ties = streamOf(seed, 1);
  let running: Owner | undefined;
  let isStopped = false;
  let events = 0;

  const streamFor = (owner: Owner | undefined): Stream => owner?.call?.stream ?? owner?.isolate.stream ?? ties;

  function add(owner: Owner | undefined, delayMs: number, run: () => void): Timer {
    const at = timeline.now + Math.ceil(delayMs * PARTS) / PARTS;
    return timeline.add(at, bits(streamFor(owner)), owner, run);
  }

  function setTimer(run: () => void, delayMs: number): Timer {
    const owner = running as Owner;
    const { call } = owner;
    if (call) call.timers += 1;
    const timer = add(owner, delayMs, () => {
      timer.run = undefined;
      if (call) call.timers -= 1;
      run();
    });
    return timer;
  }

  function clearTimer(handle: unknown): boolean {
    const timer = handle as Partial<Timer> | null | undefined;
    if (typeof timer !== "object" || timer === null || !("tie" in timer)) return false;
    if (timer.run && timer.owner?.call) timer.owner.call.timers -= 1;
    timer.run = undefined;
    return true;
  }

  function step(): boolean {
    running = undefined;
    const entry = isStopped ? undefined : timeline.next();
    if (!entry) return false;
    const { owner, run } = entry;
    if (owner) {
      const { isolate, call } = owner;
      if (isolate.state === "dead" || (call && isOver(call, isolate))) return true;
      if (isolate.state === "frozen") {
        isolate.held.push(entry);
        return true;
      }
    }
    events += 1;
    running = owner;
    run?.();
    return true;
  }

  return {
    get now() {
      return timeline.now;
    },
    get running() {
      return running;
    },
    get events() {
      return events;
    },
    later: (delayMs, run) => void add(undefined, delayMs, run),
    laterFor: add,
    runAs(owner, run) {
      running = owner;
      run();
    },
    within(owner, run) {
      const before = running;
      running = owner;
      run();
      running = before;
    },
    freeze(isolate) {
      if (isolate.state === "running") isolate.state = "frozen";
    },
    thaw(isolate) {
      if (isolate.state !== "frozen") return;
      isolate.state = "running";
      // In an order of the seed's: after a standstill some platforms hear timers first, others sockets.
      for (const entry of isolate.held) timeline.again(entry, bits(streamFor(entry.owner)));
      isolate.held = [];
    },
    async run(begin) {
      const restore = replaceGlobals({
        isInside: () => running !== undefined,
        now: () => shown((running as Owner).isolate.clock, timeline.now),
        random: () => share(streamFor(running)),
        setTimer,
        clearTimer,
        ended() {
          isStopped = true;
        },
        made: (map) => running?.isolate.maps.push(new WeakRef(map)),
      });
      try {
        begin();
        await runToEnd(step, () => {
          running = undefined;
        });
      } finally {
        restore();
      }
    },
    stop() {
      isStopped = true;
    },
  };
}

import type { Engine } from "./engine.ts";
import type { Tell } from "./history.ts";
import type { Isolate } from "./isolate.ts";
import type { Population } from "./plan.ts";
import { chance, exponential, type Stream, share, streamOf } from "./random.ts";

export interface PopulationOptions {
  readonly seed: number;
  readonly plan: Population;
  readonly durationMs: number;
  readonly engine: Engine;
  readonly tell: Tell;
  /** Makes what an isolate makes at its birth; its code runs. */
  readonly born: (isolate: Isolate) => void;
  /** Whether an incident happens in this run. */
  readonly happens: (run: () => void) => void;
}

/** Isolates that are born, freeze, have their clocks set and end. */
export interface Isolates {
  in(slot: number): Isolate | undefined;
  living(): readonly Isolate[];
  /** The first of them are born. */
  begin(): void;
  /** Ends all standstills, so that what is under way can come to its end. */
  thawAll(): void;
}

export function createPopulation(options: PopulationOptions): Isolates {
  const { seed, plan, durationMs, engine, tell, born, happens } = options;
  const slots: (Isolate | undefined)[] = Array.from({ length: plan.isolates }, () => undefined);
  let births = 0;

  /** The nth life in a place is the same whatever happened before it. */
  function bear(slot: number, life: number): void {
    const stream = streamOf(seed, 3, slot, life);
    births += 1;
    const isolate: Isolate = {
      id: births,
      slot,
      region: plan.regions[slot % plan.regions.length] as string,
      clock: { ...plan.clock(stream) },
      stream,
      endsWithAnswer: chance(stream, plan.workers),
      canWait: !chance(stream, plan.noWaitUntil),
      heedsSignals: !chance(stream, plan.deafClients),
      state: "running",
      held: [],
      limiters: new Map(),
      maps: [],
    };
    slots[slot] = isolate;
    engine.within({ isolate, call: undefined }, () => born(isolate));
    tell({ type: "born", at: engine.now, isolate: isolate.id });
  }

  /** Lets something happen in a place again and again, with exponential gaps. */
  function again(kind: number, slot: number, meanMs: number, run: (stream: Stream, time: number) => void): void {
    if (meanMs === Infinity) return;
    const stream = streamOf(seed, 4, kind, slot);
    let times = 0;
    const next = () => {
      const gapMs = exponential(stream) * meanMs;
      if (engine.now + gapMs >= durationMs) return;
      engine.later(gapMs, () => {
        times += 1;
        run(stream, times);
        next();
      });
    };
    next();
  }

  function kill(slot: number, stream: Stream, time: number): void {
    const gapMs = share(stream) * plan.gapMs;
    happens(() => {
      const isolate = slots[slot];
      if (!isolate) return;
      isolate.state = "dead";
      isolate.held = [];
      slots[slot] = undefined;
      tell({ type: "killed", at: engine.now, isolate: isolate.id });
      engine.later(gapMs, () => bear(slot, time));
    });
  }

  function freeze(slot: number, stream: Stream): void {
    const forMs = share(stream) * plan.freezeMs;
    happens(() => {
      const isolate = slots[slot];
      if (isolate?.state !== "running") return;
      engine.freeze(isolate);
      tell({ type: "frozen", at: engine.now, isolate: isolate.id });
      engine.later(forMs, () => thaw(isolate));
    });
  }

  function thaw(isolate: Isolate): void {
    if (isolate.state !== "frozen") return;
    engine.thaw(isolate);
    tell({ type: "thawed", at: engine.now, isolate: isolate.id });
  }

  function jump(slot: number, stream: Stream): void {
    const byMs = plan.jump(stream);
    happens(() => {
      const isolate = slots[slot];
      if (!isolate) return;
      isolate.clock.offsetMs += byMs;
      tell({ type: "clock", at: engine.now, isolate: isolate.id, byMs });
    });
  }

  return {
    in: (slot) => slots[slot],
    living: () => slots.filter((isolate) => isolate !== undefined),
    begin() {
      for (const slot of slots.keys()) {
        bear(slot, 0);
        again(1, slot, plan.meanLifeMs, (stream, time) => kill(slot, stream, time));
        again(2, slot, plan.meanFreezeEveryMs, (stream) => freeze(slot, stream));
        again(3, slot, plan.meanJumpEveryMs, (stream) => jump(slot, stream));
      }
    },
    thawAll() {
      for (const isolate of slots) if (isolate) thaw(isolate);
    },
  };
}

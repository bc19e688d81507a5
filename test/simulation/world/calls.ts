import type { Decision } from "../../../src/core/decision.ts";
import { shown } from "./clock.ts";
import type { Engine } from "./engine.ts";
import type { Action, CallMade, Tell } from "./history.ts";
import type { Callable, CallUnderWay, Isolate, Owner } from "./isolate.ts";
import { streamOf } from "./random.ts";

export interface CallsOptions {
  readonly seed: number;
  readonly engine: Engine;
  readonly tell: Tell;
  /** The isolate in a place, if there is one. */
  readonly isolateIn: (slot: number) => Isolate | undefined;
  /** Until when callers come back, in ms since the world's start. */
  readonly durationMs: number;
}

/** Makes calls, and tells what becomes of them. */
export interface Calls {
  make(id: number, action: Action, slot: number): void;
}

/** A caller that comes back does so under the next number; so many fit between two arrivals. */
export const CALLS_PER_ARRIVAL = 64;

export function createCalls({ seed, engine, tell, isolateIn, durationMs }: CallsOptions): Calls {
  function make(id: number, action: Action, slot: number, follows?: CallMade): void {
    const isolate = isolateIn(slot);
    if (!isolate) return;
    const call: CallUnderWay = {
      limiter: action.limiter,
      operation: action.operation,
      key: action.key,
      keys: action.keys,
      cost: action.cost,
      waitMs: action.waitMs,
      leavesAfterMs: action.leavesAfterMs,
      comesBack: action.comesBack,
      id,
      follows: follows?.id,
      isolate: isolate.id,
      stream: streamOf(seed, 2, id),
      timers: 0,
      tasks: 0,
      isAnswered: false,
    };
    const owner = { isolate, call };
    // On a frozen isolate it waits until that runs again.
    if (isolate.state === "running") engine.runAs(owner, () => perform(owner, call, slot));
    else engine.laterFor(owner, 0, () => perform(owner, call, slot));
  }

  function perform(owner: Owner, call: CallUnderWay, slot: number): void {
    const { isolate } = owner;
    const limiter = isolate.limiters.get(call.limiter.name);
    if (!limiter) throw new Error(`no limiter ${call.limiter.name}`);
    tell({ type: "called", at: engine.now, call, now: shown(isolate.clock, engine.now) });
    const leaver = call.leavesAfterMs === undefined ? undefined : new AbortController();
    if (leaver) engine.laterFor(owner, call.leavesAfterMs ?? 0, () => leaver.abort(new Error("the caller left")));
    carryOut(limiter, call, leaver?.signal).then(
      (decision) => {
        call.isAnswered = true;
        const { timers, tasks } = call;
        const now = shown(isolate.clock, engine.now);
        tell({ type: "answered", at: engine.now, call, now, decision, timers, tasks });
        if (decision) comeBack(call, decision, slot);
      },
      (error) => {
        call.isAnswered = true;
        const { timers, tasks } = call;
        const reason = error instanceof Error ? error.message : "something that is no error";
        tell({ type: "rejected", at: engine.now, call, reason, timers, tasks });
      },
    );
  }

  function comeBack(call: CallUnderWay, { allowed, retryAfterMs }: Decision, slot: number): void {
    if (!call.comesBack || allowed || engine.now + retryAfterMs >= durationMs) return;
    const id = call.id + 1;
    if (id % CALLS_PER_ARRIVAL === 0) return;
    engine.later(retryAfterMs, () => make(id, call, slot, call));
  }

  return { make };
}

export function carryOut(
  limiter: Callable,
  { operation, key: text, keys, cost, waitMs, limiter: { levels } }: CallUnderWay,
  signal: AbortSignal | undefined,
): Promise<Decision | undefined> {
  const key = levels ? Object.fromEntries(levels.map(({ name }, i) => [name, keys?.[i] ?? ""])) : text;
  if (operation === "reset") return limiter.reset(key, { signal }).then(() => undefined);
  if (operation === "refund" || operation === "charge") return limiter[operation](key, cost, { signal });
  if (operation === "wait") return limiter.wait(key, { cost, timeoutMs: waitMs, signal });
  if (operation === "peek") return limiter.peek(key, { cost, signal });
  return limiter.consume(key, { cost, maxDelayMs: waitMs, signal });
}

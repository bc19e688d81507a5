import type { Decision } from "../../../src/core/decision.ts";
import type { BlockMethods } from "../../../src/limiter/penalty/block.ts";
import type { Reservation } from "../../../src/limiter/reservation.ts";
import { shown } from "./clock.ts";
import type { Engine } from "./engine.ts";
import type { Action, CallMade, Tell } from "./history.ts";
import type { Callable, CallUnderWay, Isolate, Owner } from "./isolate.ts";
import { allLevelsIn } from "./levels.ts";
import { pieceOf } from "./piece.ts";
import { streamOf } from "./random.ts";

export interface CallsOptions {
  readonly seed: number;
  readonly engine: Engine;
  readonly tell: Tell;
  /** The isolate in a place, if there is one; how many places there are. */
  readonly isolateIn: (slot: number) => Isolate | undefined;
  readonly slots: number;
  /** Until when callers come back, in ms since the world's start. */
  readonly durationMs: number;
}

/** Makes calls, and tells what becomes of them. */
export interface Calls {
  make(id: number, action: Action, slot: number): void;
}

/** A caller that comes back, asks again, or books otherwise, does so under the next number; so many fit between two arrivals. */
export const CALLS_PER_ARRIVAL = 64;

/** What a call is beside what its caller wants. */
interface Made {
  readonly follows?: CallMade;
  readonly of?: CallMade;
  /** What its caller has of the call that it books otherwise. */
  readonly taken?: Taken;
}

/** An answer as its caller has it; a decision may be written down and read again. */
type Taken = Decision & Partial<Pick<Reservation<Decision, number>, "settle" | typeof Symbol.asyncDispose>>;

export function createCalls({ seed, engine, tell, isolateIn, slots, durationMs }: CallsOptions): Calls {
  function make(id: number, action: Action, slot: number, { follows, of, taken }: Made = {}): void {
    const isolate = isolateIn(slot);
    if (!isolate) return;
    const call: CallUnderWay = {
      limiter: action.limiter,
      operation: action.operation,
      key: action.key,
      keys: action.keys,
      cost: action.cost,
      costs: action.costs,
      waitMs: action.waitMs,
      leavesAfterMs: action.leavesAfterMs,
      comesBack: action.comesBack,
      afterwards: action.afterwards,
      endsScope: action.endsScope,
      again: action.again,
      id,
      follows: follows?.id,
      of,
      isolate: isolate.id,
      stream: streamOf(seed, 2, id),
      timers: 0,
      tasks: 0,
      isAnswered: false,
    };
    const owner = { isolate, call };
    // On a frozen isolate it waits until that runs again.
    if (isolate.state === "running") engine.runAs(owner, () => perform(owner, call, slot, taken));
    else engine.laterFor(owner, 0, () => perform(owner, call, slot, taken));
    askAgain(call, slot);
  }

  function askAgain(call: CallUnderWay, slot: number): void {
    for (const [i, { afterMs, cost, where }] of (call.again ?? []).entries()) {
      if (engine.now + afterMs >= durationMs) continue;
      const place = where === undefined ? slot : Math.floor(where * slots);
      const wish: Action = { ...call, cost, leavesAfterMs: undefined, again: [] };
      engine.later(afterMs, () => make(call.id + 1 + i, wish, place, { of: call }));
    }
  }

  function perform(owner: Owner, call: CallUnderWay, slot: number, taken: Taken | undefined): void {
    const { isolate } = owner;
    const limiter = isolate.limiters.get(call.limiter.name);
    if (!limiter) throw new Error(`no limiter ${call.limiter.name}`);
    tell({ type: "called", at: engine.now, call, now: shown(isolate.clock, engine.now) });
    const leaver = call.leavesAfterMs === undefined ? undefined : new AbortController();
    if (leaver) engine.laterFor(owner, call.leavesAfterMs ?? 0, () => leaver.abort(new Error("the caller left")));
    carryOut(limiter, call, leaver?.signal, taken).then(
      (decision) => {
        call.isAnswered = true;
        const { timers, tasks } = call;
        const now = shown(isolate.clock, engine.now);
        tell({ type: "answered", at: engine.now, call, now, decision, timers, tasks });
        if (!decision) return;
        comeBack(call, decision, slot);
        goOn(owner, call, decision, slot);
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
    engine.later(retryAfterMs, () => make(id, call, slot, { follows: call }));
  }

  /** Does what the caller does with what it got: settles it on the isolate that has it, or gives back wherever it is by then. */
  function goOn({ isolate }: Owner, call: CallUnderWay, decision: Decision, slot: number): void {
    const { afterwards, id } = call;
    if (!afterwards || !decision.allowed || engine.now + afterwards.afterMs >= durationMs) return;
    const { operation, afterMs, units: cost, times, where, endsScope } = afterwards;
    if ((id + times) % CALLS_PER_ARRIVAL < times) return;
    const action = {
      ...call,
      operation,
      cost,
      waitMs: 0,
      leavesAfterMs: undefined,
      comesBack: false,
      again: undefined,
    };
    const wish: Action = { ...action, afterwards: undefined, endsScope };
    const place = where === undefined ? slot : Math.floor(where * slots);
    const taken = operation === "settle" ? decision : JSON.parse(JSON.stringify(decision));
    engine.later(afterMs, () => {
      if (operation === "settle" && isolateIn(slot) !== isolate) return;
      for (let time = 1; time <= times; time += 1) make(id + time, wish, place, { of: call, taken });
    });
  }

  return { make };
}

export function carryOut(
  limiter: Callable,
  call: CallUnderWay,
  signal: AbortSignal | undefined,
  taken?: Taken,
): Promise<Decision | undefined> {
  const { operation, cost, waitMs, afterwards, endsScope } = call;
  const names = allLevelsIn(call.limiter).map(({ name }) => name);
  const key = call.keys ? Object.fromEntries(names.map((name, i) => [name, call.keys?.[i] ?? ""])) : call.key;
  if (operation === "block") return (limiter as unknown as BlockMethods<unknown>).block(key, waitMs, { signal });
  if (operation === "reset") return limiter.reset(key, { signal }).then(() => undefined);
  if (operation === "reserve") {
    const within = afterwards?.withinMs;
    return limiter.reserve(key, { cost, signal, ...(within !== undefined && { unsettled: "returned", within }) });
  }
  if (endsScope) return (taken as Required<Taken>)[Symbol.asyncDispose]().then(() => undefined);
  if (operation === "settle") return (taken as Required<Taken>).settle(cost);
  if (operation === "refund") return limiter.refund(key, cost, { signal, since: taken });
  // Of several in order the decision on the call tells who books.
  if (operation === "charge") return limiter.charge(key, cost, { signal, ...(taken && { since: taken }) });
  // A limiter takes both; those that stand for several as one are given numbers alone.
  const units = (call.costs ?? cost) as number;
  if (operation === "wait") return limiter.wait(key, { cost: units, timeoutMs: waitMs, signal });
  if (operation === "peek") return limiter.peek(key, { cost: units, signal });
  const named = call.again && { id: `piece ${pieceOf(call)}` };
  return limiter.consume(key, { cost: units, maxDelayMs: waitMs, signal, ...named });
}

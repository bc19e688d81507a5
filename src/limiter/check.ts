import type { Program } from "../algorithm/program.ts";
import { step } from "../algorithm/step.ts";
import type { Decision, KnownDecision } from "../core/decision.ts";
import { StoreError } from "../core/errors.ts";
import type { StoreEvent } from "../core/event.ts";
import { memoryStore } from "../store/memory.ts";
import type { LocalStore, RemoteStore, StepReply, StepRequest } from "../store/store.ts";
import { createBreaker } from "./breaker.ts";
import { type Call, demandsOf, type Spent } from "./call.ts";
import { withDeadline } from "./deadline.ts";
import { decide } from "./decide.ts";
import { fallbackDecision } from "./failure.ts";
import type { CheckedOptions } from "./options.ts";
import { createSnapshots } from "./snapshots.ts";
import { timeOf } from "./time.ts";

/** Most keys that an isolate counts by itself while the store can't be asked. */
const SPARE_KEYS = 10_000;

/** How calls are answered: from a snapshot if it denies, else by the store, else by the failure mode; `reset` asks always. */
export interface Check {
  decision(call: Call): Decision | Promise<Decision>;
  reset(place: string, signal: AbortSignal | undefined): Promise<void>;
}

export function createCheck(options: CheckedOptions, program: Program): Check {
  const { name, store, timeoutMs, failureMode, now, tell } = options;
  const { algorithms } = program;
  // What a store in this process would say costs no more than to remember it.
  const snapshots = store.remote && options.snapshots ? createSnapshots(options.snapshots) : undefined;
  const breaker = options.breaker && createBreaker(options.breaker, timeoutMs);
  let spare: LocalStore | undefined;

  function decision(call: Call): Decision | Promise<Decision> {
    call.signal?.throwIfAborted();
    const clock = timeOf(now);
    const denied = denial(call, clock);
    if (denied) return denied;
    const turn = snapshots ? snapshots.turn() : 0;
    const demands = demandsOf(program, call, call.task);
    const request: StepRequest = { program, key: call.place, now: clock, demands };
    if (store.remote) return ask(store, call, request, turn);
    return seen(call, store.step(request), clock, turn);
  }

  /** The store's denial, known from the last state seen: what is in use only grows until time passes. */
  function denial(call: Call, clock: number): Decision | undefined {
    if (!snapshots || (call.task !== "consume" && call.task !== "peek")) return undefined;
    const snapshot = snapshots.get(call.place, clock);
    if (!snapshot || snapshot.limits !== call.limits) return undefined;
    // By a store's own clock it is at most this late by now, so nothing is denied that the store would allow.
    const at = store.clock === "limiter" ? clock : snapshot.state[0] + clock - snapshot.askedAt;
    const { allowed, state } = step(algorithms, snapshot.state, at, demandsOf(program, call, "consume"));
    if (allowed) return undefined;
    const decision = decide(algorithms, call, { allowed, state }, 0, "snapshot");
    return Number.isNaN(decision.retryAfterMs) ? undefined : decision;
  }

  async function ask(store: RemoteStore, call: Call, request: StepRequest, turn: number): Promise<Decision> {
    const { since } = call;
    if (since?.source === "memory" || since?.source === "fallback") return instead(call, request, since.error);
    const pass = breaker?.pass(request.now) ?? 0;
    if (pass instanceof StoreError) return instead(call, request, pass);
    // A wait may leave less time than the limiter gives its store: then lateness is no failure of the store.
    const inTimeMs = Math.min(call.timeoutMs ?? timeoutMs, timeoutMs);
    let reply: StepReply;
    try {
      reply = await withDeadline(inTimeMs, call.signal, (signal) => store.step(request, signal));
      asked("check", request.now, call.spent);
    } catch (thrown) {
      if (call.signal?.aborted) throw call.signal.reason;
      const error = storeError(thrown);
      asked("check", request.now, call.spent, error);
      if (inTimeMs === timeoutMs || error.kind !== "timeout") breaker?.failed(pass, error, timeOf(now));
      return instead(call, request, error);
    } finally {
      if (givesBack(call)) snapshots?.clear(call.place, timeOf(now));
    }
    breaker?.succeeded();
    const decision = seen(call, reply, request.now, turn);
    // A log that denies and can't say until when is none.
    if (decision.allowed || decision.retryAfterMs > 0) return decision;
    return instead(call, request, new StoreError("reply", "The store's reply contradicts itself"));
  }

  /** Tells the observers that the store was asked at `since`. */
  function asked(purpose: StoreEvent["purpose"], since: number, spent: Spent, error?: StoreError): void {
    if (!tell) return;
    const ms = Math.max(0, timeOf(now) - since);
    spent.storeMs = (spent.storeMs ?? 0) + ms;
    tell({ type: "store", limiter: name, purpose, ms, ...(error && { error }) });
  }

  /** The failure mode's answer: the one place where store trouble becomes a decision. */
  function instead(call: Call, request: StepRequest, error: StoreError | undefined): Decision {
    // What is given back goes to whoever took it, or nowhere.
    if ((call.since?.source ?? failureMode) !== "memory") {
      return fallbackDecision(failureMode, call, error as StoreError, breaker?.pauseMs(timeOf(now)) ?? 0);
    }
    spare ??= memoryStore({ maxKeys: SPARE_KEYS });
    return { ...decide(algorithms, call, spare.step(request), 0, "memory"), ...(error && { error }) };
  }

  /** The decision on what the store replied, remembered if it leaves too little for another call of this cost. */
  function seen(call: Call, reply: StepReply, askedAt: number, turn: number): KnownDecision {
    const leadMs = store.clock === "limiter" ? Math.max(0, reply.state[0] - askedAt) : 0;
    const decision = decide(algorithms, call, reply, leadMs, "store");
    if (snapshots) {
      // A state from a clock that runs ahead expires in the store before it would here.
      const usefulMs = leadMs === 0 && leavesTooLittle(call, decision) ? decision.resetAfterMs : 0;
      snapshots.set(call.place, { state: reply.state, limits: call.limits, askedAt }, turn, usefulMs);
    }
    return decision;
  }

  return {
    decision,
    async reset(place, signal) {
      signal?.throwIfAborted();
      const since = timeOf(now);
      try {
        if (!store.remote) return store.reset(place);
        await withDeadline(timeoutMs, signal, (signal) => store.reset(place, signal));
        asked("reset", since, {});
      } catch (thrown) {
        if (!signal?.aborted) asked("reset", since, {}, storeError(thrown));
        throw thrown;
      } finally {
        snapshots?.clear(place, timeOf(now));
        spare?.reset(place);
      }
    },
  };
}

function storeError(thrown: unknown): StoreError {
  return thrown instanceof StoreError ? thrown : new StoreError("reply", "The store broke its own contract");
}

const givesBack = ({ task }: Call) => task === "refund" || task === "leave";

function leavesTooLittle({ costs }: Call, { allowed, policies }: KnownDecision): boolean {
  if (!allowed) return true;
  for (let i = 0; i < policies.length; i += 1) {
    if ((policies[i]?.remaining ?? 0) < Math.max(1, costs[i] ?? 0)) return true;
  }
  return false;
}

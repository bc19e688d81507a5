import type { Decision } from "../core/decision.ts";
import { StoreError } from "../core/errors.ts";
import { memoryStore } from "../store/memory.ts";
import type { LocalStore, RemoteStore, StepReply, StepRequest } from "../store/store.ts";
import type { Call } from "./call.ts";
import { decide } from "./decide.ts";
import { fallbackDecision, SPARE_KEYS } from "./failure.ts";
import type { Level, LevelRequest } from "./level.ts";
import { timeOf } from "./time.ts";

/** How calls are answered: from a snapshot if it denies, else by the store, else by the failure mode; `reset` asks always. */
export interface Check {
  decision(call: Call): Decision | Promise<Decision>;
  reset(place: string, signal: AbortSignal | undefined): Promise<void>;
}

export function createCheck(level: Level): Check {
  const { asker } = level;
  const { store, failureMode, now } = level.options;
  let spare: LocalStore | undefined;

  function decision(call: Call): Decision | Promise<Decision> {
    call.signal?.throwIfAborted();
    const clock = timeOf(now);
    const known = level.known(call, clock);
    if (known) return known;
    const request = level.request(call, clock);
    const turn = level.turn();
    if (!store.remote) return level.seen(call, store.step(request), clock, turn);
    const { since } = call;
    if (since?.source === "memory" || since?.source === "fallback") return instead(call, request, since.error);
    return asked(store, call, request, turn);
  }

  async function asked(store: RemoteStore, call: Call, request: LevelRequest, turn: number): Promise<Decision> {
    try {
      const reply = await asker.check(call, (signal) => stepOf(store, request, signal));
      if (reply instanceof StoreError) return instead(call, request, reply);
      const decision = level.seen(call, reply, request.now, turn);
      // A log that denies and can't say until when is none. What is given back waits for nothing.
      if (decision.allowed || call.since || decision.retryAfterMs > 0) return decision;
      return instead(call, request, new StoreError("reply", "The store's reply contradicts itself"));
    } finally {
      if (call.task === "refund" || call.task === "leave") level.forget(call.place, timeOf(now), call);
    }
  }

  /** The failure mode's answer: the one place where store trouble becomes a decision. */
  function instead(call: Call, request: StepRequest, error: StoreError | undefined): Decision {
    // What is given back goes to whoever took it, or nowhere.
    if ((call.since?.source ?? failureMode) !== "memory") {
      return fallbackDecision(failureMode, call, error as StoreError, asker.pauseMs());
    }
    spare ??= memoryStore({ maxKeys: SPARE_KEYS });
    return Object.assign(decide(level.program.algorithms, call, spare.step(request), 0, "memory"), error && { error });
  }

  return {
    decision,
    async reset(place, signal) {
      signal?.throwIfAborted();
      try {
        if (!store.remote) store.reset(place);
        else await asker.reset(signal, (signal) => store.reset(place, signal));
      } finally {
        level.forget(place, timeOf(now));
        spare?.reset(place);
      }
    },
  };
}

async function stepOf(store: RemoteStore, request: LevelRequest, signal: AbortSignal): Promise<StepReply | StoreError> {
  if (!request.ask) return store.step(request, signal);
  const reply = await request.ask(store, [request], signal);
  return reply instanceof StoreError ? reply : (reply.replies[0] as StepReply);
}

import type { Decision } from "../core/decision.ts";
import { StoreError } from "../core/errors.ts";
import type { RemoteStore, StepReply } from "../store/store.ts";
import type { Call } from "./call.ts";
import type { Check, Level, LevelRequest } from "./level.ts";
import { createStandIn } from "./stand-in.ts";
import { timeOf } from "./time.ts";

export function createCheck(level: Level): Check {
  const { asker } = level;
  const { store, now } = level.options;
  const standIn = createStandIn(level, asker.pauseMs);

  function decision(call: Call): Decision | Promise<Decision> {
    call.signal?.throwIfAborted();
    const clock = timeOf(now);
    const known = call.settled || level.known(call, clock);
    if (known) return known;
    const request = level.request(call, clock);
    const turn = level.turn();
    if (!store.remote) return level.seen(call, store.step(request), clock, turn);
    const { since } = call;
    if (since?.source === "memory" || since?.source === "fallback") return standIn.answer(call, request, since.error);
    return asked(store, call, request, turn);
  }

  async function asked(store: RemoteStore, call: Call, request: LevelRequest, turn: number): Promise<Decision> {
    try {
      const reply = await asker.check(call, (signal) => stepOf(store, request, signal));
      if (reply instanceof StoreError) return standIn.answer(call, request, reply);
      const decision = level.seen(call, reply, request.now, turn);
      // A log that denies and can't say until when is none. What is given back waits for nothing.
      if (decision.allowed || call.since || decision.retryAfterMs > 0) return decision;
      return standIn.answer(call, request, new StoreError("reply", "The store broke its own contract"));
    } finally {
      if (call.task === "refund" || call.task === "leave") level.forget(call.place, timeOf(now), call);
    }
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
        standIn.reset(place);
      }
    },
  };
}

async function stepOf(store: RemoteStore, request: LevelRequest, signal: AbortSignal): Promise<StepReply | StoreError> {
  if (!request.ask) return store.step(request, signal);
  const reply = await request.ask(store, [request], signal);
  return reply instanceof StoreError ? reply : (reply.replies[0] as StepReply);
}

import type { Decision } from "../core/decision.ts";
import type { StoreError } from "../core/errors.ts";
import { memoryStore } from "../store/memory.ts";
import type { LocalStore, StepRequest } from "../store/store.ts";
import type { Call } from "./call.ts";
import { fallbackDecision, SPARE_KEYS } from "./failure.ts";
import type { Level } from "./level.ts";

/** What answers in place of a store: the one place where store trouble becomes a decision. */
export interface StandIn {
  /** The failure mode's answer. `error` is left out where something is given back to whoever took it in such a time. */
  answer(call: Call, request: StepRequest, error: StoreError | undefined): Decision;
  reset(place: string): void;
}

/** `pauseMs`: so long the store will not be asked. */
export function createStandIn(level: Level, pauseMs: () => number): StandIn {
  const { failureMode } = level.options;
  let spare: LocalStore | undefined;

  return {
    answer(call, request, error) {
      // What is given back goes to whoever took it, or nowhere.
      if ((call.since?.source ?? failureMode) !== "memory") {
        return fallbackDecision(failureMode, call, error as StoreError, pauseMs());
      }
      spare ??= memoryStore({ maxKeys: SPARE_KEYS });
      return Object.assign(level.decide(call, spare.step(request), 0, "memory"), error && { error });
    },
    reset: (place) => spare?.reset(place),
  };
}

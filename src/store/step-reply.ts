import { MAX_AHEAD_MS, step } from "../algorithm/step.js";
import { StoreError } from "../core/errors.js";
import type { StepReply, StepRequest } from "./store.js";

/**
 * A script's reply, if it is one: of the right shape, from a time that the request can have come to, and with the verdict
 * that the twin comes to from the state it tells. Anything else is a `StoreError`, so that no decision makes up counts.
 * `ownClock`: the store told the time, not the request.
 */
export function stepReply({ program, now, demands }: StepRequest, reply: unknown, ownClock: boolean): StepReply {
  const [allowed, ...state] = Array.isArray(reply) ? reply.map(wholeNumberIn) : [];
  if ((allowed === 0 || allowed === 1) && program.isState(state) && state.every((n) => n >= 0)) {
    const [at] = state;
    const inTime = ownClock || (at >= now && at <= now + MAX_AHEAD_MS);
    // What is allowed has been taken already: nothing more fits by chance, nothing at all must be over the ceiling.
    const again = demands.map((demand) => (allowed ? { ...demand, delta: 0 } : demand));
    if (inTime && step(program.algorithms, state, at, again).allowed === (allowed === 1)) {
      return { allowed: allowed === 1, state };
    }
  }
  throw new StoreError("reply", "Redis answered a script with something else than its reply");
}

/** Clients differ in whether they turn strings of digits into numbers. Anything else is -1, which no reply holds. */
function wholeNumberIn(part: unknown): number {
  const number = typeof part === "string" && /^\d{1,16}$/.test(part) ? Number(part) : part;
  return Number.isSafeInteger(number) ? (number as number) : -1;
}

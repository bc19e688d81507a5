import type { State } from "../algorithm/algorithm.ts";
import { countsOf, MAX_AHEAD_MS, step } from "../algorithm/step.ts";
import { StoreError } from "../core/errors.ts";
import type { StepReply, StepRequest } from "./store.ts";

/**
 * A script's reply, if it is one: of the right shape, from a time that the request can have come to, and with the verdict
 * that the twin comes to from the state it tells. Anything else is a `StoreError`, so that no decision makes up counts.
 * `ownClock`: the store told the time, not the request.
 */
export function stepReply(request: StepRequest, reply: unknown, ownClock: boolean): StepReply {
  const [verdict, ...state] = Array.isArray(reply) ? reply.map(wholeNumberIn) : [];
  const { program, now } = request;
  if ((verdict === 0 || verdict === 1) && program.isState(state) && state.every((n) => n >= 0)) {
    const inTime = ownClock || (state[0] >= now && state[0] <= now + MAX_AHEAD_MS);
    const allowed = verdict === 1;
    if (inTime && isAlive(request, state) && (allowed ? isTaken(request, state) : isRefused(request, state)))
      return { allowed, state };
  }
  throw new StoreError("reply", "Redis answered a script with something else than its reply");
}

/** Whether what is in use has not expired: then the store would have said that nothing is. */
function isAlive({ program: { algorithms }, demands }: StepRequest, state: State): boolean {
  const [at] = state;
  return algorithms.every((algorithm, i) => {
    const counts = countsOf(algorithms, state, i);
    const pace = demands[i]?.pace ?? 1;
    return algorithm.load(counts, at, pace) === 0 || algorithm.lifeMs(counts, at, pace, 0) > 0;
  });
}

/** Whether what is in use is within every ceiling, and holds at least what the call took. */
function isTaken({ program: { algorithms }, demands }: StepRequest, state: State): boolean {
  const [at] = state;
  return algorithms.every((algorithm, i) => {
    const { delta = 0, pace = 1, ceiling = 0 } = demands[i] ?? {};
    const load = algorithm.load(countsOf(algorithms, state, i), at, pace);
    const taken = algorithm.add([], Math.max(0, delta));
    return load <= ceiling && load >= algorithm.load(taken, at, pace);
  });
}

/** Whether the state leaves no room for the call. */
function isRefused({ program: { algorithms }, demands }: StepRequest, state: State): boolean {
  return !step(algorithms, state, state[0], demands).allowed;
}

/** Clients differ in whether they turn strings of digits into numbers. Anything else is -1, which no reply holds. */
function wholeNumberIn(part: unknown): number {
  const number = typeof part === "string" && /^\d{1,16}$/.test(part) ? Number(part) : part;
  return Number.isSafeInteger(number) ? (number as number) : -1;
}

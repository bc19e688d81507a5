import type { Algorithm, Demand, State } from "../algorithm/algorithm.ts";
import { countsOf, step } from "../algorithm/step.ts";
import { StoreError } from "../core/errors.ts";
import type { StepReply, StepRequest } from "./store.ts";

/**
 * A script's reply, if it is one: of the right shape, from a time that the request can have come to, and with the verdict
 * that the twin comes to from the state it tells. Anything else is a `StoreError`, so that no decision makes up counts.
 * `ownClock`: the store told the time, not the request.
 */
export function stepReply(request: StepRequest, reply: unknown, ownClock: boolean): StepReply {
  const { program, now } = request;
  const numbers = Array.isArray(reply) ? reply.map(wholeNumberIn) : [];
  const verdict = numbers[0];
  const state = numbers.slice(1);
  if ((verdict === 0 || verdict === 1) && program.isState(state) && !numbers.includes(Number.NaN)) {
    const allowed = verdict === 1;
    if (state[0] >= (ownClock ? 0 : now) && follows(request, state, allowed)) return { allowed, state };
  }
  throw noReply();
}

/** The error for what a script can't have replied. */
export const noReply = () => new StoreError("reply", "Redis answered a script with something else than its reply");

/** Whether the state can be what the verdict left. */
function follows({ program: { algorithms }, demands }: StepRequest, state: State, allowed: boolean): boolean {
  const at = state[0];
  for (let i = 0; i < algorithms.length; i += 1) {
    const algorithm = algorithms[i] as Algorithm;
    const demand = demands[i] as Demand;
    const counts = countsOf(algorithms, state, i);
    if (algorithm.follows) return algorithm.follows(counts, at, demand, allowed);
    const load = algorithm.load(counts, at, demand);
    // No count is below 0 but a bucket's debt.
    if (algorithm.code !== "b" && counts.some((count) => count < 0)) return false;
    // What is in use has not expired: then the store would have said that nothing is.
    if (load !== 0 && algorithm.lifeMs(counts, at, demand, 0) <= 0) return false;
    if (!allowed) continue;
    // It is within the ceiling, and at least what the call took.
    const least = algorithm.add([], Math.max(0, demand.delta), demand, at);
    if (load > demand.ceiling || load < algorithm.load(least, at, demand)) return false;
  }
  // A denial leaves no room for the call.
  return allowed || !step(algorithms, state, at, demands).allowed;
}

/** Clients differ in whether they turn strings of digits into numbers. Anything else is not a number. */
function wholeNumberIn(part: unknown): number {
  const number = typeof part === "string" && /^-?\d{1,16}$/.test(part) ? Number(part) : part;
  return Number.isSafeInteger(number) ? (number as number) : Number.NaN;
}

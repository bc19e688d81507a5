import type { Algorithm, Counts, Demand, State, Step } from "./algorithm.ts";

/** So much longer than what it holds counts does a key live: `GRACE` in the scripts. */
export const GRACE_MS = 1000;

const MAX_TTL_MS = 1e13;

/**
 * One verdict of one or several algorithms: each takes its demand if all can, else none does. Time never runs
 * backwards within a state. This is the twin of the scripts.
 */
export function step(
  algorithms: readonly Algorithm[],
  stored: State | undefined,
  now: number,
  demands: readonly Demand[],
): Step {
  const seen = stored ? stored[0] : now;
  const at = Math.max(now, seen);
  let before = NOTHING_USED;
  let after = NOTHING_USED;
  let allowed = true;
  let ttlMs = 0;
  for (let i = 0; i < algorithms.length; i += 1) {
    const algorithm = algorithms[i] as Algorithm;
    const demand = demands[i] as Demand;
    const counts = algorithm.advance(countsOf(algorithms, stored, i), seen, at, demand);
    const taken = algorithm.add(counts, demand.delta, demand, at);
    before = i === 0 ? counts : [...before, ...counts];
    after = i === 0 ? taken : [...after, ...taken];
    if (algorithm.load(taken, at, demand) > demand.ceiling) allowed = false;
    ttlMs = Math.max(ttlMs, algorithm.lifeMs(taken, at, demand, at - now));
  }
  const state = stateAt(at, allowed ? after : before);
  return { allowed, state, kept: state, ttlMs: Math.min(ttlMs, MAX_TTL_MS) };
}

/** The counts of policy `i`; all that is left to the last one, and nothing used where there is no state. */
export function countsOf(algorithms: readonly Algorithm[], state: State | undefined, i: number): Counts {
  if (!state) return NOTHING_USED;
  let from = 1;
  for (let before = 0; before < i; before += 1) from += (algorithms[before] as Algorithm).size;
  return i === algorithms.length - 1 ? state.slice(from) : state.slice(from, from + (algorithms[i] as Algorithm).size);
}

/** Algorithms take a count that isn't there for 0. */
const NOTHING_USED: Counts = [];

/** A list of exactly its length: one that is pushed to makes room for many more, and stores keep it. */
function stateAt(at: number, counts: Counts): State {
  const state = new Array<number>(1 + counts.length);
  state[0] = at;
  for (let i = 0; i < counts.length; i += 1) state[i + 1] = counts[i] as number;
  return state as unknown as State;
}

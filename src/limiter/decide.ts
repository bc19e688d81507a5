import type { Algorithm } from "../algorithm/algorithm.js";
import type { Policy } from "../algorithm/policy.js";
import { type State, splitCounts } from "../algorithm/step.js";
import type { KnownDecision, PolicyStatus } from "../core/decision.js";

/** What a decision is read from. */
export interface Facts {
  readonly algorithms: readonly Algorithm[];
  readonly policies: readonly Policy[];
  readonly costs: readonly number[];
  /** What the step said; left out where it only looked and the state has to tell. */
  readonly allowed: boolean | undefined;
  readonly state: State;
  /** How far the state's time is ahead of the caller's clock, in ms: time stands still for so long. */
  readonly leadMs: number;
}

/** Everything that a caller reads, derived from state in one place. */
export function decide(facts: Facts): Omit<KnownDecision, "source" | "error"> {
  const { algorithms, policies, costs, state } = facts;
  const [at] = state;
  const perPolicy = splitCounts(algorithms, state);
  const wait = (i: number) => algorithm(i).retryAfterMs(counts(i), at, quota(i), cost(i));
  const algorithm = (i: number) => algorithms[i] as Algorithm;
  const counts = (i: number) => perPolicy[i] as number[];
  const quota = (i: number) => policies[i] as Policy;
  const cost = (i: number) => costs[i] as number;

  const waits = facts.allowed ? policies.map(() => 0) : policies.map((_policy, i) => wait(i));
  const allowed = facts.allowed ?? waits.every((ms) => ms === 0);
  const statuses = policies.map((policy, i): PolicyStatus => {
    // An isolate that runs far behind is told to wait a window more at most: by then the state has expired.
    const lead = Math.min(facts.leadMs, policy.windowMs);
    const retryAfterMs = waits[i] as number;
    const { pace } = algorithm(i).demand(policy, 0, 0);
    const whole = algorithm(i).load(counts(i), at, pace) === 0;
    return {
      policy: policy.name,
      limit: policy.limit,
      windowMs: policy.windowMs,
      burst: policy.burst,
      remaining: algorithm(i).remaining(counts(i), at, policy),
      retryAfterMs: retryAfterMs === 0 ? 0 : retryAfterMs + lead,
      resetAfterMs: whole ? 0 : algorithm(i).lifeMs(counts(i), at, pace, false) + lead,
    };
  });
  const binding = allowed ? scarcest(statuses, costs) : slowest(statuses);
  return {
    allowed,
    policy: binding.policy,
    limit: binding.limit,
    remaining: binding.remaining,
    retryAfterMs: binding.retryAfterMs,
    resetAfterMs: Math.max(...statuses.map(({ resetAfterMs }) => resetAfterMs)),
    delayMs: facts.allowed
      ? Math.max(...policies.map((policy, i) => algorithm(i).delayMs?.(counts(i), policy) ?? 0))
      : 0,
    policies: statuses,
  };
}

function slowest(statuses: readonly PolicyStatus[]): PolicyStatus {
  return statuses.reduce((a, b) => (b.retryAfterMs > a.retryAfterMs ? b : a));
}

/** The policy that would deny first if calls of this cost went on. */
function scarcest(statuses: readonly PolicyStatus[], costs: readonly number[]): PolicyStatus {
  const callsLeft = statuses.map(({ remaining }, i) => (costs[i] ? remaining / costs[i] : Infinity));
  const least = Math.min(...callsLeft);
  return statuses[callsLeft.indexOf(least)] as PolicyStatus;
}

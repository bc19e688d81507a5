import type { Algorithm, State } from "../algorithm/algorithm.ts";
import { countsOf, GRACE_MS } from "../algorithm/step.ts";
import type { KnownDecision, PolicyStatus } from "../core/decision.ts";
import type { StepReply } from "../store/store.ts";
import type { PolicyInForce } from "./amounts.ts";
import type { Call } from "./call.ts";
import { withoutInfinity } from "./json.ts";

/**
 * Everything that a caller reads, derived from state in one place. `leadMs` is how far the state's time is ahead of the
 * caller's clock: for so long time stands still.
 */
export function decide(
  algorithms: readonly Algorithm[],
  call: Call,
  reply: StepReply,
  leadMs: number,
  source: KnownDecision["source"],
): KnownDecision {
  const { policies, costs } = call;
  const statuses = new Array<PolicyStatus>(policies.length);
  let slowest = 0;
  let scarcest = 0;
  let fewestCalls = Infinity;
  let resetAfterMs = 0;
  let delayMs = 0;
  const latestMs = leadMs === 0 ? Infinity : GRACE_MS + lifeMs(algorithms, policies, reply.state);
  for (let i = 0; i < policies.length; i += 1) {
    const algorithm = algorithms[i] as Algorithm;
    const policy = policies[i] as PolicyInForce;
    const cost = costs[i] as number;
    const counts = countsOf(algorithms, reply.state, i);
    const status = statusOf(algorithm, policy, reply, counts, cost, leadMs, latestMs);
    statuses[i] = status;
    if (status.retryAfterMs > (statuses[slowest] as PolicyStatus).retryAfterMs) slowest = i;
    // The policy that would deny first if calls of this cost went on.
    const calls = cost === 0 ? Infinity : status.remaining / cost;
    if (calls < fewestCalls) {
      fewestCalls = calls;
      scarcest = i;
    }
    resetAfterMs = Math.max(resetAfterMs, status.resetAfterMs);
    if (reply.allowed && algorithm.delayMs && policy.uncounted === undefined)
      delayMs = Math.max(delayMs, algorithm.delayMs(counts, policy));
  }
  // A call that only looked is denied by the step whatever it found.
  const allowed = call.task === "peek" ? (statuses[slowest] as PolicyStatus).retryAfterMs === 0 : reply.allowed;
  const { policy, limit, burst, remaining, retryAfterMs } = statuses[allowed ? scarcest : slowest] as PolicyStatus;
  if (call.task !== "consume") delayMs = 0;
  else if (call.taken) call.taken[call.place] = reply.state;
  return withoutInfinity({
    allowed,
    policy,
    limit,
    burst,
    remaining,
    retryAfterMs,
    resetAfterMs,
    delayMs,
    at: reply.state[0],
    policies: statuses,
    source,
  });
}

/** Ms after which the store has forgotten the state for sure, grace aside: its life, as if it had been written just now. */
function lifeMs(algorithms: readonly Algorithm[], policies: readonly PolicyInForce[], state: State): number {
  const lives = algorithms.map((algorithm, i) => {
    const demand = algorithm.demand(policies[i] as PolicyInForce, 0, 0);
    return algorithm.lifeMs(countsOf(algorithms, state, i), state[0], demand, 0);
  });
  return Math.max(...lives);
}

function statusOf(
  algorithm: Algorithm,
  policy: PolicyInForce,
  { allowed, state: [at] }: StepReply,
  counts: readonly number[],
  cost: number,
  leadMs: number,
  latestMs: number,
): PolicyStatus {
  const { name, limit, windowMs, burst, uncounted } = policy;
  if (uncounted !== undefined) {
    const quota = { limit: uncounted, windowMs, burst: uncounted, remaining: uncounted };
    const never = !allowed && cost > uncounted;
    return withoutInfinity({ policy: name, ...quota, retryAfterMs: never ? Infinity : 0, resetAfterMs: 0 });
  }
  const demand = algorithm.demand(policy, 0, 0);
  const emptyAfterMs = algorithm.emptyAfterMs?.(counts, demand) ?? algorithm.lifeMs(counts, at, demand, 0);
  const retryAfterMs = allowed ? 0 : algorithm.retryAfterMs(counts, at, policy, cost);
  return withoutInfinity({
    policy: name,
    limit,
    windowMs,
    burst,
    remaining: algorithm.remaining(counts, at, policy),
    retryAfterMs:
      retryAfterMs > 0 && retryAfterMs < Infinity ? Math.min(retryAfterMs + leadMs, latestMs) : retryAfterMs,
    resetAfterMs: algorithm.load(counts, at, demand) === 0 ? 0 : Math.min(emptyAfterMs + leadMs, latestMs),
  });
}

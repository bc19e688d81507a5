import type { Algorithm } from "../algorithm/algorithm.ts";
import type { Policy } from "../algorithm/policy.ts";
import { countsOf } from "../algorithm/step.ts";
import type { KnownDecision, PolicyStatus } from "../core/decision.ts";
import type { StepReply } from "../store/store.ts";
import type { Call } from "./call.ts";

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
  for (let i = 0; i < policies.length; i += 1) {
    const algorithm = algorithms[i] as Algorithm;
    const policy = policies[i] as Policy;
    const cost = costs[i] as number;
    const counts = countsOf(algorithms, reply.state, i);
    const status = statusOf(algorithm, policy, reply, counts, cost, leadMs);
    statuses[i] = status;
    if (status.retryAfterMs > (statuses[slowest] as PolicyStatus).retryAfterMs) slowest = i;
    // The policy that would deny first if calls of this cost went on.
    const calls = cost === 0 ? Infinity : status.remaining / cost;
    if (calls < fewestCalls) {
      fewestCalls = calls;
      scarcest = i;
    }
    resetAfterMs = Math.max(resetAfterMs, status.resetAfterMs);
    if (reply.allowed && algorithm.delayMs) delayMs = Math.max(delayMs, algorithm.delayMs(counts, policy));
  }
  // A call that only looked is denied by the step whatever it found.
  const allowed = call.task === "peek" ? (statuses[slowest] as PolicyStatus).retryAfterMs === 0 : reply.allowed;
  const { policy, limit, remaining, retryAfterMs } = statuses[allowed ? scarcest : slowest] as PolicyStatus;
  if (call.task !== "consume") delayMs = 0;
  return { allowed, policy, limit, remaining, retryAfterMs, resetAfterMs, delayMs, policies: statuses, source };
}

function statusOf(
  algorithm: Algorithm,
  policy: Policy,
  { allowed, state: [at] }: StepReply,
  counts: readonly number[],
  cost: number,
  leadMs: number,
): PolicyStatus {
  const { name, limit, windowMs, burst } = policy;
  // An isolate that runs far behind is told to wait a window more at most: by then the state has expired.
  const lead = Math.min(leadMs, windowMs);
  const { pace } = algorithm.demand(policy, 0, 0);
  const retryAfterMs = allowed ? 0 : algorithm.retryAfterMs(counts, at, policy, cost);
  return {
    policy: name,
    limit,
    windowMs,
    burst,
    remaining: algorithm.remaining(counts, at, policy),
    retryAfterMs: retryAfterMs === 0 ? 0 : retryAfterMs + lead,
    resetAfterMs: algorithm.load(counts, at, pace) === 0 ? 0 : algorithm.lifeMs(counts, at, pace, 0) + lead,
  };
}

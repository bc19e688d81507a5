import type { Algorithm, State } from "../../algorithm/algorithm.ts";
import { countsOf } from "../../algorithm/step.ts";
import type { PolicyStatus } from "../../core/decision.ts";
import type { PolicyInForce } from "../amounts.ts";
import { RETRY_AFTER_MS } from "../failure.ts";
import { timeOf } from "../time.ts";
import { heard, type Region, type Round, type Seen } from "./round.ts";

/** Ms until the regions that told have the cost between them, for each policy; `Infinity` where they never have. */
export function waitsOf(round: Round): number[] {
  const { call, costs, regions, order, seen, silent } = round;
  const clock = timeOf(round.now);
  return call.policies.map((policy, i) => {
    const cost = costs[i] as number;
    const waitMs = waitOf(round, i, cost, clock);
    if (waitMs < Infinity || cost > policy.burst || policy.uncounted !== undefined) return waitMs;
    // Those that could not be asked may have it.
    const away = order.filter((region) => silent.has(region) || !seen.has(region));
    const pauses = away.map((region) => (regions[region] as Region).level.asker.pauseMs());
    return away.length > 0 ? Math.max(RETRY_AFTER_MS, Math.min(...pauses)) : waitMs;
  });
}

function waitOf(round: Round, i: number, cost: number, clock: number): number {
  const { regions } = round;
  const seen = heard(round);
  const own = seen.map(([, { decision }]) => decision.policies[i] as PolicyStatus);
  const first = () => Math.min(...own.map(({ retryAfterMs }) => retryAfterMs));
  // One unit is in one place.
  if (cost <= 1 || seen.some(([, { call }]) => call.state === undefined)) return first();
  const isEnough = (afterMs: number) => {
    const sum = seen.reduce(
      (sum, [region, told]) => sum + remainingAfter(regions[region] as Region, told, i, clock, afterMs),
      0,
    );
    return sum >= cost;
  };
  if (isEnough(0)) return 0;
  let high = Math.max(1, ...own.map(({ resetAfterMs }) => resetAfterMs));
  if (!isEnough(high)) return Infinity;
  let low = 0;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** What a region will have of policy `i` after so many ms if nobody takes anything; 0 where only its store could tell. */
function remainingAfter({ level }: Region, { call }: Seen, i: number, clock: number, afterMs: number): number {
  const { algorithms } = level.program;
  const algorithm = algorithms[i] as Algorithm;
  const policy = call.policies[i] as PolicyInForce;
  const state = call.state as State;
  const [at] = state;
  const to = level.options.store.clock === "limiter" ? Math.max(at, clock + afterMs) : at + afterMs;
  const demand = algorithm.demand(policy, 0, 0, clock);
  const counts = algorithm.advance(countsOf(algorithms, state, i), at, to, demand);
  return algorithm.remaining(counts, to, policy) || 0;
}

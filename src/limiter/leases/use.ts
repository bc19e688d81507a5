/** What an isolate asked of a key lately: calls of this `periodMs` and of the one before, and what the admitted ones cost. */
export interface Use {
  since: number;
  calls: number;
  before: number;
  admitted: number;
  /** The sum of the admitted calls' costs, for each policy. */
  readonly costs: number[];
}

export function newUse(policies: number, now: number): Use {
  return { since: now, calls: 0, before: 0, admitted: 0, costs: new Array<number>(policies).fill(0) };
}

/** Counts a call, whatever came of it. */
export function countCall(use: Use, now: number, periodMs: number): void {
  const passed = now - use.since;
  if (passed >= 2 * periodMs || passed < 0) {
    Object.assign(use, newUse(use.costs.length, now));
  } else if (passed >= periodMs) {
    use.since += periodMs;
    use.before = use.calls;
    use.calls = 0;
    use.admitted /= 2;
    use.costs.forEach((cost, i) => {
      use.costs[i] = cost / 2;
    });
  }
  use.calls += 1;
}

/** Counts what an admitted call cost. */
export function countCosts(use: Use, costs: readonly number[]): void {
  use.admitted += 1;
  costs.forEach((cost, i) => {
    use.costs[i] = (use.costs[i] ?? 0) + cost;
  });
}

/**
 * How many calls of these costs are to be taken ahead: the use of one period less twice its standard deviation, as calls come that
 * have nothing to do with each other. So nearly all of it gets used, and callers who come rarely (below six calls) take nothing.
 * By the mean cost of what was admitted: neither a denied call of a high cost, repeated, nor a single dear one among cheap ones
 * may ask for many of its kind.
 */
export function wantedCalls(use: Use, costs: readonly number[], now: number, periodMs: number): number {
  const calls = use.calls + use.before * Math.max(0, 1 - (now - use.since) / periodMs);
  let share = 1;
  costs.forEach((cost, i) => {
    if (cost > 0 && use.admitted > 0) share = Math.min(share, (use.costs[i] ?? 0) / use.admitted / cost);
  });
  return Math.max(0, (calls - 2 * Math.sqrt(calls)) * share);
}

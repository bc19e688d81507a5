import { ZONES } from "../../support/calendars.ts";
import { periodEnd } from "../judges/books/calendar.ts";
import { EPOCH_MS } from "../world/clock.ts";
import type { PolicyRule } from "../world/history.ts";
import type { Plan } from "../world/plan.ts";
import { between, oneOf, type Stream, streamOf } from "../world/random.ts";
import { leasedPlan, surgingPlan } from "./leased.ts";
import { USUAL_MS } from "./windows.ts";

const YEAR_MS = 366 * 86_400_000;

/**
 * A world of limiters that take ahead of windows in parts, in place of two counters, and of a period of the calendar, in place of
 * windows that are aligned to the clock: in the middle of it the period ends, and each half is due what the window would have been.
 */
export function leasedWindowsPlan(seed: number, calls?: number): Plan {
  const stream = streamOf(seed, 15);
  const { calendar, clockMs } = endingPeriod(stream);
  const parts = oneOf(stream, [2, 5, 10, 60]);
  return leasedPlan(seed, calls, {
    policy(rule: PolicyRule, durationMs) {
      if (rule.kind === "bucket") return rule;
      if (rule.kind === "sliding") return { ...rule, kind: "parts", parts };
      const limit = Math.max(20, Math.round((rule.limit * durationMs) / rule.windowMs / 2));
      return { ...rule, kind: "calendar", calendar, limit, burst: limit, windowMs: USUAL_MS[calendar[0]] };
    },
    clockMs: (durationMs) => clockMs(durationMs / 2),
  });
}

/** Parts in place of whatever the window is, and leases that are short enough for them. */
export function surgingPartsPlan(seed: number): Plan {
  const stream = streamOf(seed, 17);
  return surgingPlan(seed, { policy: { kind: "parts", parts: oneOf(stream, [2, 5, 10, 60]) }, maxMs: 500 });
}

/** The period ends as everybody comes, and isolates still hold what they took ahead in it. */
export function surgingWindowsPlan(seed: number): Plan {
  const { calendar, clockMs } = endingPeriod(streamOf(seed, 16));
  const policy = { kind: "calendar", calendar, windowMs: USUAL_MS[calendar[0]] } as const;
  return surgingPlan(seed, { policy, quietMs: 0, surges: 1, clockMs });
}

/** A period of some place, and how far clocks are ahead that see it end at a true time. */
function endingPeriod(stream: Stream) {
  const calendar = [oneOf(stream, ["1 day", "1 day", "1 week", "1 month"] as const), oneOf(stream, ZONES)] as const;
  const end = periodEnd({ calendar })(EPOCH_MS + between(stream, 0, YEAR_MS));
  return { calendar, clockMs: (atMs: number) => Math.floor(end - atMs - EPOCH_MS) };
}

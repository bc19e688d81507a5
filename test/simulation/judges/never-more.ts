import type { PolicyRule } from "../world/history.ts";
import { GRACE_MS } from "./accounts.ts";
import { periodEnd } from "./books/calendar.ts";
import type { Judge } from "./judge.ts";
import { type Level, levelsOf, levelsOfCommand } from "./levels.ts";

/** What was admitted on one key under one policy, by the true time of the database. */
interface Span {
  /** How far the database's clock was ahead of the times that calls brought: the least and the most. */
  leastLagMs: number;
  mostLagMs: number;
  /** The longest delay that a call accepted. */
  delayMs: number;
  /** A bucket: units times the window in the fullest span that ends at `since`. */
  fullest: number;
  since: number;
  /** Windows: what was admitted lately. */
  recent: { readonly at: number; readonly units: number }[];
  sum: number;
  /** A fixed window: the one that the latest counted in, and what it holds. */
  index: number;
  inWindow: number;
}

interface Admitted {
  readonly level: Level;
  readonly policy: PolicyRule;
  /** The database's time, the time that the call brought, and the time at which it counts. */
  readonly at: number;
  readonly brought: number;
  readonly countsAt: number;
  /** Below 0: given back. */
  readonly units: number;
  readonly delayMs: number;
  readonly isFresh: boolean;
}

/**
 * How much more than the limit any span of a window's length may hold: two windows, where they are aligned to the clock, can
 * meet within it.
 */
const WINDOWS_WITHIN = { log: 1, parts: 1, fixed: 2, sliding: 2 } as const;

export function neverMoreJudge(): Judge {
  const spans = new Map<string, Span>();
  const ends = new Map<PolicyRule, (time: number) => number>();

  function endIn(policy: PolicyRule): (time: number) => number {
    const known = ends.get(policy) ?? periodEnd(policy);
    ends.set(policy, known);
    return known;
  }

  function spanOf({ rule, key }: Level, { name }: PolicyRule): Span {
    const place = `${rule.database}/${rule.name}/${name}/${key}`;
    const span = spans.get(place) ?? newSpan();
    spans.set(place, span);
    return span;
  }

  function excessOf(admitted: Admitted): string | undefined {
    const { level, policy, at, brought, delayMs } = admitted;
    const span = spanOf(level, policy);
    span.leastLagMs = Math.min(span.leastLagMs, at - brought);
    span.mostLagMs = Math.max(span.mostLagMs, at - brought);
    span.delayMs = Math.max(span.delayMs, delayMs);
    const spreadMs = span.mostLagMs - span.leastLagMs;
    if (policy.kind === "bucket") return tooMuchOfBucket(span, admitted, spreadMs);
    if (policy.kind === "calendar") return tooMuchIn(span, admitted, endIn(policy)(admitted.countsAt));
    const index = Math.floor(admitted.countsAt / policy.windowMs);
    return (policy.kind === "fixed" && tooMuchIn(span, admitted, index)) || tooMuchOfWindow(span, admitted, spreadMs);
  }

  return {
    name: "never-more",
    promise:
      "By the database's own clock, no span of t ms holds more than burst + limit × (t + d) / window of a bucket, no fixed window and no period of a calendar by the time that counts more than the limit, and no span shorter than a window less d more than the limit of a log or of a window in parts or twice that of a window, where d is by how much clocks and delays differ among the calls taken on the key (and where d is over a second, for a bucket once more for each life of the key within the span).",
    see(happening, { rulings, complain }) {
      if (happening.type === "lost" && happening.all) spans.clear();
      if (happening.type === "executed" && happening.command === "DEL") {
        for (const level of levelsOfCommand(happening)) {
          for (const policy of level.rule.policies) Object.assign(spanOf(level, policy), newSpan());
        }
      }
      if (happening.type !== "executed" && happening.type !== "spent") return;
      const hold = (admitted: Admitted) => {
        const { level, policy } = admitted;
        const excess = excessOf(admitted);
        if (excess) complain(`${level.key} was given ${excess}, of ${policy.limit} per ${policy.windowMs} ms`);
      };
      if (happening.type === "spent") {
        const { call, now, units } = happening;
        const times = { at: now, brought: now, countsAt: now };
        for (const level of levelsOf(call)) {
          for (const policy of level.rule.policies) {
            hold({ level, policy, ...times, units, delayMs: 0, isFresh: false });
          }
        }
      }
      if (happening.type === "spent") return;
      for (const { account, key, step, purpose, units, delaysMs, isFresh, at } of rulings) {
        if (!step.allowed || purpose === "look") continue;
        // What was spent already is booked whatever is left, but it brings its time.
        const sign = { take: 1, book: 0, give: -1, leave: -1 }[purpose];
        const times = { at: happening.now, brought: step.now, countsAt: at };
        const level = { rule: account.rule, key };
        level.rule.policies.forEach((policy, i) => {
          hold({ level, policy, ...times, units: sign * (units[i] ?? 0), delayMs: delaysMs[i] ?? 0, isFresh });
        });
      }
    },
  };
}

const newSpan = (): Span => ({
  leastLagMs: Infinity,
  mostLagMs: -Infinity,
  delayMs: 0,
  fullest: 0,
  since: 0,
  recent: [],
  sum: 0,
  index: 0,
  inWindow: 0,
});

function tooMuchOfBucket(span: Span, { policy, at, units, isFresh }: Admitted, spreadMs: number) {
  const { limit, windowMs, burst } = policy;
  // Each life may begin so much earlier than by the clock of the one before.
  const moreMs = isFresh && spreadMs > GRACE_MS ? spreadMs : 0;
  span.fullest = Math.max(0, span.fullest - (at - span.since + moreMs) * limit) + units * windowMs;
  span.since = at;
  const most = burst * windowMs + (spreadMs + span.delayMs) * limit;
  return units > 0 && span.fullest > most
    ? `${span.fullest / windowMs} in a span that allows ${most / windowMs}`
    : undefined;
}

/** `index` tells one window or period from the others. */
function tooMuchIn(span: Span, { policy: { limit }, units, isFresh }: Admitted, index: number) {
  if (isFresh || index !== span.index) span.inWindow = 0;
  span.index = index;
  span.inWindow += units;
  return units > 0 && span.inWindow > limit ? `${span.inWindow} in one window` : undefined;
}

function tooMuchOfWindow(span: Span, { policy, at, units, isFresh }: Admitted, spreadMs: number) {
  const { kind, limit, windowMs } = policy;
  if (isFresh) {
    span.recent = [];
    span.sum = 0;
  }
  const withinMs = windowMs - spreadMs;
  span.recent.push({ at, units });
  span.sum += units;
  let gone = 0;
  for (const one of span.recent) {
    if (one.at > at - withinMs) break;
    span.sum -= one.units;
    gone += 1;
  }
  if (gone > 0) span.recent = span.recent.slice(gone);
  const most = limit * WINDOWS_WITHIN[kind as keyof typeof WINDOWS_WITHIN];
  return units > 0 && span.sum > most ? `${span.sum} within ${withinMs} ms, at most ${most}` : undefined;
}

import { switchesOf, ZONES } from "../../support/calendars.ts";
import { periodEnd } from "../judges/books/calendar.ts";
import { EPOCH_MS } from "../world/clock.ts";
import type { PolicyRule } from "../world/history.ts";
import type { Plan } from "../world/plan.ts";
import { between, oneOf, streamOf } from "../world/random.ts";
import { type Flavour, swarmPlan } from "./swarm.ts";

const YEAR_MS = 366 * 86_400_000;
export const USUAL_MS = { "1 day": 86_400_000, "1 week": 7 * 86_400_000, "1 month": 31 * 86_400_000 } as const;

/** A world of a swarm with windows that are exact at constant size. */
export function windowsPlan(seed: number, calls = 14_000): Plan {
  return swarmPlan(seed, calls, windowsFlavour(seed));
}

/**
 * Windows in parts in place of logs and of two counters, and periods of a calendar in place of fixed
 * windows. In the middle of it such a period ends: that in which the zone's offset changes, where it does.
 */
export function windowsFlavour(seed: number): Flavour {
  const stream = streamOf(seed, 11);
  const zone = oneOf(stream, ZONES);
  const period = oneOf(stream, ["1 day", "1 day", "1 week", "1 month"] as const);
  const parts = oneOf(stream, [2, 5, 10, 60]);
  const inside = oneOf(stream, [...switchesIn(zone), EPOCH_MS + between(stream, 0, YEAR_MS)]);
  const end = periodEnd({ calendar: [period, zone] })(inside);
  return {
    policy: (rule) => changed(rule, { parts, calendar: [period, zone] }),
    aheadMs: (durationMs) => Math.floor(end - durationMs / 2 - EPOCH_MS),
  };
}

function changed(rule: PolicyRule, { parts, calendar }: Required<Pick<PolicyRule, "parts" | "calendar">>): PolicyRule {
  if (rule.kind === "fixed") return { ...rule, kind: "calendar", windowMs: USUAL_MS[calendar[0]], calendar };
  // Where windows are long, two counters stay beside them.
  const isReplaced = rule.kind === "log" || (rule.kind === "sliding" && rule.windowMs < 60_000);
  return isReplaced ? { ...rule, kind: "parts", parts } : rule;
}

const switches = new Map<string, readonly number[]>();

function switchesIn(zone: string): readonly number[] {
  const known = switches.get(zone) ?? switchesOf(zone, EPOCH_MS, EPOCH_MS + YEAR_MS);
  switches.set(zone, known);
  return known;
}

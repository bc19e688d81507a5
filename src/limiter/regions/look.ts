import type { KnownDecision } from "../../core/decision.ts";
import { portionsOf } from "./portions.ts";
import { askRegion, heard, type Round } from "./round.ts";

/** Whether the regions that were seen have the cost between them. */
export function isThere(round: Round): boolean {
  return portionsOf(round, round.costs) !== undefined;
}

/** Looks at regions, at the same time; `by`: whether what this isolate knows of them does. */
export async function lookAt(round: Round, regions: readonly number[], by: "check" | "look"): Promise<void> {
  const { call, parts } = round;
  await Promise.all(
    regions.map((region) => {
      const costs = call.costs.map((cost, i) => Math.min(cost, parts[region]?.[i]?.burst ?? 0));
      return askRegion(round, region, { task: "peek", costs }, false, by);
    }),
  );
}

/** Looks again at those that told last from one of `sources`, since others may have taken of it, or given back. */
export function lookAgain(round: Round, ...sources: KnownDecision["source"][]): Promise<void> {
  const told = heard(round).filter(([, { decision }]) => sources.includes(decision.source));
  return lookAt(
    round,
    told.map(([region]) => region),
    "look",
  );
}

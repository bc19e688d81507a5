import { portionsOf } from "./portions.ts";
import { askRegion, countedCost, type Round } from "./round.ts";

/** Whether the regions that were seen have the cost between them. */
export function isThere(round: Round): boolean {
  return (
    portionsOf(
      round,
      round.call.costs.map((_cost, i) => countedCost(round.call, i)),
    ) !== undefined
  );
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

/** Looks at those of which this isolate knew the most that can be there, since others may have taken of it. */
export function lookBehindSnapshots(round: Round): Promise<void> {
  const known = [...round.seen].filter(([, { decision }]) => decision.source === "snapshot");
  return lookAt(
    round,
    known.map(([region]) => region),
    "look",
  );
}

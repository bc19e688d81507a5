import type { Decision, KnownDecision } from "../../core/decision.ts";
import { misuse } from "../../core/misuse.ts";
import { askRegion, type Region, type Round } from "./round.ts";
import { partsOf } from "./shares.ts";
import { type Given, told } from "./told.ts";

/** Books what no region has room for, past the limits: each its proportion. */
export async function charged(round: Round, weights: readonly number[]): Promise<KnownDecision | undefined> {
  const { call, order, parts } = round;
  const held = weights.map((weight, region) => (parts[region] ? weight : 0));
  const split = call.costs.map((cost) => partsOf(cost, held));
  const given = await Promise.all(
    order.map(async (region): Promise<Given[]> => {
      const units = split.map((own) => own[region] as number);
      if (units.every((unit) => unit === 0)) return [];
      const answer = await askRegion(round, region, { task: "charge", costs: units }, true);
      return answer ? [{ region, at: answer.at, units }] : [];
    }),
  );
  return round.seen.size > 0 ? told(round, true, given.flat()) : undefined;
}

/** Gives back to whoever took it, as the decision on the call tells; a region that is none any more gets nothing. */
export async function returned(round: Round): Promise<KnownDecision | undefined> {
  const { call, order, regions } = round;
  const { task, maxDelayMs, costs, since } = call;
  if (!since) {
    // To whoever answers now: one that may have heard of it must be the only one.
    const region = order.find((region) => regions[region]?.level.asker.pauseMs() === 0) ?? (order[0] as number);
    await askRegion(round, region, { task, maxDelayMs, costs }, true);
  } else {
    const own = { task, maxDelayMs, since };
    const takers = takersOf(since, regions, costs.length);
    const open = [...costs];
    const [first = { region: order[0] as number, at: 0, units: costs.map(() => 0) }, ...others] = takers;
    const tasks = others.reverse().map(({ region, at, units }) => {
      const back = units.map((unit, i) => Math.max(0, Math.min(unit, open[i] as number)));
      back.forEach((unit, i) => {
        open[i] = (open[i] as number) - unit;
      });
      return askRegion(round, region, { ...own, costs: back, takenAt: at }, true);
    });
    // Where nobody is known to have taken anything, as with a call that no policy counted, nothing goes back.
    const rest = takers.length > 0 ? open : first.units;
    await Promise.all([askRegion(round, first.region, { ...own, costs: rest, takenAt: first.at }, true), ...tasks]);
  }
  return round.seen.size > 0 ? told(round, true, []) : undefined;
}

/** Who took what by a decision, which may come out of JSON; throws a `TypeError` for what is no decision over regions. */
function takersOf(since: Decision, regions: readonly Region[], policies: number): Given[] {
  const { regions: record, at } = since as KnownDecision;
  if (record === undefined && (at === 0 || !since.allowed)) return [];
  if (typeof record !== "object" || record === null) throw misuse("since", "a decision of a limiter on regions", since);
  return Object.entries(record).flatMap(([name, part]) => {
    const units: unknown[] = Array.isArray(part?.units) ? [...part.units] : [];
    const isWhole =
      Number.isSafeInteger(part?.at) && units.every((unit) => Number.isSafeInteger(unit) && (unit as number) >= 0);
    if (!isWhole || units.length !== policies) throw misuse(`since.regions.${name}`, "what that region gave", part);
    const region = regions.findIndex((own) => own.name === name);
    return region < 0 ? [] : { region, at: part.at, units: units as number[] };
  });
}

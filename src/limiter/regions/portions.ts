import { heard, type Round } from "./round.ts";

/** What is to be taken from a region. */
export interface Portion {
  readonly region: number;
  readonly units: readonly number[];
}

/**
 * What to take from each region but `except`; `undefined` if they don't have it. Of windows each gives its own part of it as far as it has that: then
 * all drain alike, and as many calls get on as there is room for. Buckets give in proportion to what they had when they were seen: one that
 * is full loses what flows in.
 */
export function portionsOf(round: Round, costs: readonly number[], except?: number): Portion[] | undefined {
  const asked = byName(round).filter((region) => region !== except);
  const split = costs.map((cost, i) => {
    const had = asked.map((region) => leftIn(round, region, i));
    if (sumOf(had) < cost) return undefined;
    const shares = asked.map((region) => round.parts[region]?.[i]?.burst ?? 0);
    const isBucket = round.regions[0]?.level.program.algorithms[i]?.code === "b";
    const own = inProportion(isBucket ? 0 : cost, shares).map((unit, k) => Math.min(unit, had[k] as number));
    const rest = had.map((units, k) => units - (own[k] as number));
    return inProportion(cost - sumOf(own), rest).map((unit, k) => unit + (own[k] as number));
  });
  if (split.some((parts) => !parts)) return undefined;
  return asked.flatMap((region, index) => {
    const units = split.map((parts) => (parts as number[])[index] as number);
    return units.some((unit) => unit > 0) ? { region, units } : [];
  });
}

/** Those that have answered whenever they were asked, by their names. */
function byName(round: Round): number[] {
  return heard(round)
    .map(([region]) => region)
    .sort((a, b) => a - b);
}

function sumOf(units: readonly number[]): number {
  return units.reduce((a, b) => a + b, 0);
}

/** Units of those who have them, in proportion and exactly: products of both may be beyond 2^53. */
function inProportion(units: number, had: readonly number[]): number[] {
  let open = units;
  let behind = sumOf(had);
  return had.map((own) => {
    const due = open > 0 ? Math.ceil(open * (own / behind)) : 0;
    behind -= own;
    const taken = Math.min(own, open, Math.max(due, open - behind));
    open -= taken;
    return taken;
  });
}

/**
 * What is taken first, and alone, so that of many such calls at once as many get on as there is room for: by the order of the names the first
 * region that has its own part of the cost, and at least that. Since all calls take alike, what is left there tells what will
 * be left in the others, though those who have just been there are still on their way to them. `isSure`: the very first one has it.
 */
export function gateOf(round: Round, portions: readonly Portion[]): Portion & { readonly isSure: boolean } {
  const order = byName(round);
  const hasPart = (region: number) => ownPart(round, region).every((unit, i) => unit <= leftIn(round, region, i));
  const region = order.find(hasPart) ?? (portions[0] as Portion).region;
  const own = portions.find((portion) => portion.region === region);
  const units = ownPart(round, region).map((unit, i) =>
    Math.min(leftIn(round, region, i), Math.max(unit, own?.units[i] ?? 0)),
  );
  return { region, units, isSure: region === order[0] && hasPart(region) };
}

/** A region's own part of the cost, rounded up. */
export function ownPart({ call, costs, parts }: Round, region: number): number[] {
  return costs.map((cost, i) => Math.ceil((cost * (parts[region]?.[i]?.burst ?? 0)) / (call.policies[i]?.burst ?? 1)));
}

function leftIn({ seen, silent }: Round, region: number, i: number): number {
  return silent.has(region) ? 0 : (seen.get(region)?.decision.policies[i]?.remaining ?? 0);
}

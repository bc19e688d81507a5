import { heard, type Round } from "./round.ts";

/** What is to be taken from a region. */
export interface Portion {
  readonly region: number;
  readonly units: readonly number[];
}

/** What to take from each region but `except`, in proportion to what it had when it was seen; `undefined` if they don't have it. */
export function portionsOf(round: Round, costs: readonly number[], except?: number): Portion[] | undefined {
  const regions = heard(round).map(([region]) => region);
  const asked = regions.filter((region) => region !== except).sort((a, b) => a - b);
  const split = costs.map((cost, i) => {
    const had = asked.map((region) => leftIn(round, region, i));
    return had.reduce((a, b) => a + b, 0) < cost ? undefined : inProportion(cost, had);
  });
  if (split.some((parts) => !parts)) return undefined;
  return asked.flatMap((region, index) => {
    const units = split.map((parts) => (parts as number[])[index] as number);
    return units.some((unit) => unit > 0) ? { region, units } : [];
  });
}

/** Units of those who have them, in proportion and exactly: products of both may be beyond 2^53. */
function inProportion(units: number, had: readonly number[]): number[] {
  let open = units;
  let behind = had.reduce((a, b) => a + b, 0);
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
  const { call, costs, parts } = round;
  const order = heard(round).map(([region]) => region);
  const [first, ...others] = order.sort((a, b) => a - b) as [number, ...number[]];
  const partOf = (region: number, i: number) => {
    const own = parts[region]?.[i]?.burst ?? 0;
    return Math.ceil(((costs[i] as number) * own) / (call.policies[i]?.burst ?? 1));
  };
  const hasPart = (region: number) => costs.every((_cost, i) => partOf(region, i) <= leftIn(round, region, i));
  const region = [first, ...others].find(hasPart) ?? (portions[0] as Portion).region;
  const own = portions.find((portion) => portion.region === region);
  const units = costs.map((_cost, i) =>
    Math.min(leftIn(round, region, i), Math.max(partOf(region, i), own?.units[i] ?? 0)),
  );
  return { region, units, isSure: hasPart(first) };
}

function leftIn({ seen, silent }: Round, region: number, i: number): number {
  return silent.has(region) ? 0 : (seen.get(region)?.decision.policies[i]?.remaining ?? 0);
}

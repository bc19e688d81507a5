import type { PolicyInForce } from "../amounts.ts";

/**
 * Whole numbers that add up to exactly `units`, by `weights`: each gets its proportion rounded down, and what is left over goes, unit by
 * unit, to whoever then has the most weight for each of its units (the D'Hondt method), the first one of equals. So whoever has a part of
 * some units has at least as much of more.
 */
export function partsOf(units: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const whole = Math.floor(units / sum);
  const rest = units % sum;
  const parts = weights.map((weight) => whole * weight + Math.floor((rest * weight) / sum));
  const left = parts.reduce((open, part) => open - part, units);
  for (let unit = 0; unit < left; unit += 1) {
    const perUnit = weights.map((weight, i) => weight / ((parts[i] as number) + 1));
    const next = perUnit.indexOf(Math.max(...perUnit));
    parts[next] = (parts[next] as number) + 1;
  }
  return parts;
}

/**
 * The policies as each database has them; `undefined` for one that has no part. One that has a part has at least one unit of every limit
 * and burst, since it could admit nothing without.
 */
export function splitPolicies(
  policies: readonly PolicyInForce[],
  weights: readonly number[],
): (readonly PolicyInForce[] | undefined)[] {
  const least = Math.min(...policies.flatMap(({ limit, burst }) => [limit, burst]));
  const parts = partsOf(least, weights);
  const held = weights.map((weight, i) => (parts[i] ? weight : 0));
  const split = policies.map(({ limit, burst }) => [partsOf(limit, held), partsOf(burst, held)] as const);
  return held.map((weight, region) => {
    if (weight === 0) return undefined;
    return policies.map((policy, i) => {
      const [limits, bursts] = split[i] as (typeof split)[number];
      return { ...policy, limit: limits[region] as number, burst: bursts[region] as number };
    });
  });
}

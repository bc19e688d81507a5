import type { LimiterRule } from "../world/history.ts";

/** What each region's database holds, unit by unit: written from the docs, and nothing of it shared with src/. */
export function partsOf(whole: LimiterRule, names: readonly string[]): LimiterRule[] {
  const weights = names.map((name) => whole.shares?.[name] ?? 0);
  const least = Math.min(...whole.policies.flatMap(({ limit, burst }) => [limit, burst]));
  const first = dealt(least, weights);
  const held = weights.map((weight, i) => ((first[i] as number) > 0 ? weight : 0));
  const dealtOut = whole.policies.map(({ limit, burst }) => ({
    limits: dealt(limit, held),
    bursts: dealt(burst, held),
  }));
  return names.map((database, region) => ({
    ...whole,
    database,
    policies: whole.policies.map((policy, i) => ({
      ...policy,
      limit: dealtOut[i]?.limits[region] as number,
      burst: dealtOut[i]?.bursts[region] as number,
    })),
  }));
}

function dealt(units: number, weights: readonly number[]): number[] {
  const parts = weights.map(() => 0);
  for (let unit = 0; unit < units; unit += 1) {
    let next = 0;
    weights.forEach((weight, i) => {
      const isMore = weight * ((parts[next] as number) + 1) > (weights[next] as number) * ((parts[i] as number) + 1);
      if (isMore) next = i;
    });
    parts[next] = (parts[next] as number) + 1;
  }
  return parts;
}

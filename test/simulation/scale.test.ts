import { expect, test } from "vitest";
import { type Measured, measure } from "./scale/measure.ts";
import { scalePlots } from "./scale/plots.ts";
import { regionPlots } from "./scale/region-plots.ts";
import { REGION_VARIANTS, type RegionPoint } from "./scale/region-variants.ts";
import { VARIANTS } from "./scale/variants.ts";

test.each(VARIANTS)("$name: a crowd gets what is due, and pays for what it asks", async (variant) => {
  const row = await measure(variant, { isolates: 8, load: 3 });
  const { admitted, due, over, trips, calls, commands, p50Ms, p99Ms } = row;
  expect(calls).toBeGreaterThan(2500);
  expect(Math.abs(admitted / due - 1)).toBeLessThan(0.01);
  expect(over).toBeLessThanOrEqual(4);
  expect(trips).toBeLessThanOrEqual(calls);
  // Three commands for what is admitted, two for what is denied; at the edges of the time that counts a few are under way.
  expect(Math.abs(commands - 2 * trips - admitted)).toBeLessThan(30);
  expect(p99Ms).toBeGreaterThan(p50Ms);
  const plots = Object.values(scalePlots({ rows: [row, { ...row, isolates: 16 }] }));
  expect(plots).toHaveLength(5);
  for (const svg of plots) expect(svg).toContain("3 ×");
});

test("over three regions, a home near its callers is one trip a call, even shares are more for callers in one place", async () => {
  const rows: (Measured & RegionPoint)[] = [];
  for (const variant of REGION_VARIANTS) {
    const row = await measure(variant, { isolates: 6, load: 2, regions: 3 });
    expect(Math.abs(row.admitted / row.due - 1)).toBeLessThan(0.01);
    expect(row.over).toBeLessThanOrEqual(4);
    rows.push(row, { ...row, regions: 4 });
  }
  const tripsOf = (name: string) =>
    rows.filter(({ variant }) => variant === name).map(({ trips, calls }) => trips / calls);
  for (const trips of tripsOf("a home, callers at home")) expect(trips).toBeLessThanOrEqual(1);
  for (const trips of tripsOf("even, callers in one place")) expect(trips).toBeGreaterThan(2);
  const plots = Object.values(regionPlots({ rows }));
  expect(plots).toHaveLength(4);
  for (const svg of plots) expect(svg).toContain("2 ×");
});

import { expect, test } from "vitest";
import { FEATURES } from "./scale/features.ts";
import { type Measured, measure } from "./scale/measure.ts";
import { mostOver } from "./scale/over.ts";
import { leasePlots, scalePlots } from "./scale/plots.ts";
import { regionPlots } from "./scale/region-plots.ts";
import { LEASED_REGION_VARIANTS, REGION_VARIANTS, type RegionPoint } from "./scale/region-variants.ts";
import { LEASED_VARIANTS, VARIANTS, type Variant } from "./scale/variants.ts";

const [bucket, leasedBucket, fixed, leasedFixed] = VARIANTS as readonly [Variant, Variant, Variant, Variant];

test.each([bucket, fixed])("$name: a crowd gets what is due, and pays for what it asks", async (variant) => {
  const { admitted, due, over, trips, calls, commands, p50Ms, p99Ms } = await measure(variant, {
    isolates: 8,
    load: 3,
  });
  expect(calls).toBeGreaterThan(2500);
  expect(Math.abs(admitted / due - 1)).toBeLessThan(0.01);
  expect(over).toBeLessThanOrEqual(4);
  expect(trips).toBeLessThanOrEqual(calls);
  // Three commands for what is admitted, two for what is denied; at the edges of the time that counts a few are under way.
  expect(Math.abs(commands - 2 * trips - admitted)).toBeLessThan(30);
  expect(p99Ms).toBeGreaterThan(p50Ms);
});

test.each([
  [leasedBucket, bucket],
  [leasedFixed, fixed],
])("$name: few calls ask, and none is admitted beyond the bound", async (variant, plain) => {
  const point = { isolates: 4, load: 0.9 };
  const [row, without] = [await measure(variant, point), await measure(plain, point)];
  expect(row.trips).toBeLessThan(0.4 * without.trips);
  expect(row.commands).toBeLessThanOrEqual(3 * row.trips + 30);
  expect(row.p50Ms).toBe(0);
  expect(row.over).toBeLessThanOrEqual(4);
  expect(row.admitted / row.due).toBeGreaterThan(0.9);
  expect(await measure(variant, point)).toEqual(row);
});

test("leases go as far as an isolate's own calls", async () => {
  const [few, many] = [LEASED_VARIANTS[0], LEASED_VARIANTS[1]] as readonly [Variant, Variant];
  const rows = [await measure(few, { isolates: 100, load: 0.9 }), await measure(many, { isolates: 100, load: 0.9 })];
  const [ofFew, ofMany] = rows.map(({ trips, calls }) => trips / calls);
  expect(ofFew).toBeGreaterThan(0.95);
  expect(ofMany).toBeLessThan(0.5);
});

test("a span that holds too much is told", () => {
  const policy = { name: "p", limit: 2, windowMs: 1000, burst: 2 } as const;
  const times = [0, 500, 900, 1100, 1200];
  // 2 + 2 × 1.2 are 4.4, where 5 were admitted; 3 in the first window; and 4 from 500 on.
  expect(mostOver({ ...policy, kind: "bucket" }, times)).toBe(1);
  expect(mostOver({ ...policy, kind: "fixed" }, times)).toBe(1);
  expect(mostOver({ ...policy, kind: "log" }, times)).toBe(2);
  for (const kind of ["bucket", "fixed", "log"] as const) {
    expect(mostOver({ ...policy, kind }, [0, 5, 1100])).toBe(0);
    expect(mostOver({ ...policy, kind }, [0, 0, 1000, 1000])).toBe(0);
  }
});

test("several keys are a trip, a blocked key hardly any, and work in flight two", async () => {
  const point = { isolates: 8, load: 0.9 };
  const [, three, penalty, work] = FEATURES as readonly [Variant, Variant, Variant, Variant];
  const together = await measure(three, point);
  expect(together).toMatchObject({ trips: together.calls, commands: 5 * together.calls, dollarsPerMillion: 10 });
  const attack = await measure(penalty, { isolates: 8, load: 10 });
  expect(attack).toMatchObject({ admitted: 0 });
  expect(attack.trips).toBeLessThan(0.02 * attack.calls);
  const held = await measure(work, point);
  expect(held.over).toBe(0);
  expect(held.admitted / held.due).toBeGreaterThan(0.95);
  // A hold and its release are three commands each; a denial is two.
  expect(Math.abs(held.commands - 2 * held.trips - 2 * held.admitted)).toBeLessThan(30);
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
});

test("over three regions, leases are for callers everywhere, with even shares and with a home", async () => {
  const rows: Measured[] = [];
  for (const variant of LEASED_REGION_VARIANTS) {
    rows.push(await measure<RegionPoint>(variant, { isolates: 6, load: 0.5, regions: 3 }));
  }
  const [even, leasedEven, home, leasedHome] = rows.map(({ trips, calls }) => trips / calls);
  for (const trips of [even, home]) expect(trips).toBeCloseTo(1, 1);
  for (const trips of [leasedEven, leasedHome]) expect(trips).toBeLessThan(0.1);
  for (const { over } of rows) expect(over).toBeLessThanOrEqual(4);
});

test("every plot is drawn, with a label for its lines", async () => {
  const row = await measure(bucket, { isolates: 2, load: 3 });
  const rows = [row, { ...row, isolates: 16 }];
  const ofRegions = regionPlots({ rows: rows.map((one, i) => ({ ...one, regions: 1 + i })) });
  const plots = { ...scalePlots({ rows }), ...leasePlots({ rows }), ...ofRegions };
  expect(Object.keys(plots)).toHaveLength(5 + 1 + 4);
  for (const svg of Object.values(plots)) expect(svg).toContain("3 ×");
});

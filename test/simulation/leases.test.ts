import { describe, expect, test } from "vitest";
import * as broken from "./broken/leases.ts";
import { judgesOfLeases } from "./plans/families.ts";
import { leasedPlan, surgingPlan } from "./plans/leased.ts";
import { leasedWindowsPlan, surgingPartsPlan, surgingWindowsPlan } from "./plans/leased-windows.ts";
import { complaintIn, seedsFrom } from "./run/complaint.ts";
import { addFigures, noFigures } from "./run/figures.ts";
import type { Plan } from "./world/plan.ts";

const CALLS = 2500;

const complaintOf = (seeds: readonly number[], planOf: (seed: number) => Plan, figures = noFigures()) =>
  complaintIn(seeds, planOf, judgesOfLeases, (outcome) => addFigures(figures, outcome.figures));

describe("leases stay within the plain bound", () => {
  test("under faults, deaths and clocks that are hours apart", async () => {
    const figures = noFigures();
    expect(await complaintOf(seedsFrom(500, 12), (seed) => leasedPlan(seed, CALLS), figures)).toBeUndefined();
    expect(figures.allowed.lease).toBeGreaterThan(2000);
    expect(figures.denied.lease).toBeGreaterThan(1000);
    const { granted, served, givenBack, stranded, unused } = figures.leases;
    expect(granted).toBe(served + givenBack + stranded + unused);
    for (const units of [served, givenBack, stranded, unused]) expect(units).toBeGreaterThan(40);
  });

  test("under callers who come in surges", async () => {
    const figures = noFigures();
    expect(await complaintOf(seedsFrom(505, 8), surgingPlan, figures)).toBeUndefined();
    expect(figures.allowed.lease).toBeGreaterThan(2000);
  });

  test("of periods of a calendar that end", async () => {
    const figures = noFigures();
    expect(await complaintOf(seedsFrom(507, 5), (seed) => leasedWindowsPlan(seed, CALLS), figures)).toBeUndefined();
    expect(await complaintOf(seedsFrom(500, 12), surgingWindowsPlan, figures)).toBeUndefined();
    expect(figures.allowed.lease).toBeGreaterThan(2000);
  });

  test("of windows in parts, which hold no more than the limit wherever they begin", async () => {
    const figures = noFigures();
    expect(await complaintOf(seedsFrom(500, 8), surgingPartsPlan, figures)).toBeUndefined();
    expect(figures.allowed.lease).toBeGreaterThan(2000);
  });

  test("in worlds of random seeds", async () => {
    const seeds = seedsFrom(Math.floor(Math.random() * 2 ** 32), 2);
    process.stdout.write(`simulated worlds of leases of seeds ${seeds}\n`);
    expect(await complaintOf(seeds, (seed) => leasedPlan(seed, CALLS))).toBeUndefined();
    expect(await complaintOf(seeds, surgingPlan)).toBeUndefined();
    expect(await complaintOf(seeds, (seed) => leasedWindowsPlan(seed, CALLS))).toBeUndefined();
    expect(await complaintOf(seeds, surgingWindowsPlan)).toBeUndefined();
    expect(await complaintOf(seeds, surgingPartsPlan)).toBeUndefined();
  });
});

/** What is broken, and worlds in which that shows. */
const BROKEN: readonly (readonly [
  what: string,
  seeds: readonly number[],
  parts: Partial<Plan>,
  planOf: (seed: number) => Plan,
])[] = [
  ["units spent after their end", [531], { limiterOf: broken.endingLate }, surgingPlan],
  ["a burst that is not lowered", [515], { limiterOf: broken.unlowered }, surgingPlan],
  ["leftovers that come back whole, and into the next window", [511, 525], { twins: broken.crediting() }, surgingPlan],
  ["units of one period spent in the next", [500], { limiterOf: broken.outlastingPeriods }, surgingWindowsPlan],
  ["leftovers of one period that come back in the next", [500], { twins: broken.crediting() }, surgingWindowsPlan],
  [
    "a window in parts that counts no longer than without leases",
    [501, 502],
    { limiterOf: broken.unlengthened },
    surgingPartsPlan,
  ],
];

test.each(BROKEN)("the judge of leases catches %s", async (_what, seeds, parts, planOf) => {
  expect(await complaintOf(seeds, planOf)).toBeUndefined();
  expect(await complaintOf(seeds, (seed) => ({ ...planOf(seed), ...parts }))).toContain("the judge of leases");
});

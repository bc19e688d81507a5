import { describe, expect, test } from "vitest";
import * as leases from "./broken/leases.ts";
import { lendingNow } from "./broken/limiters.ts";
import * as broken from "./broken/regions.ts";
import { noRegionFigures } from "./judges/regions.ts";
import { judgesOfRegions } from "./plans/families.ts";
import { leasedRegionalPlan, regionalPlan } from "./plans/regional.ts";
import { complaintIn, seedsFrom } from "./run/complaint.ts";
import type { Plan } from "./world/plan.ts";

const CALLS = 1200;

const complaintOf = (seeds: readonly number[], planOf: (seed: number) => Plan, figures = noRegionFigures()) =>
  complaintIn(seeds, planOf, (bench) => judgesOfRegions(bench, figures));

describe("limits that are split over regions", () => {
  test("hold by each database's own time, under partitions, deaths and clocks that are hours apart", {
    timeout: 240_000,
  }, async () => {
    const figures = noRegionFigures();
    // In the last three something is taken in vain.
    const seeds = [...seedsFrom(700, 6), 722, 723, 724];
    expect(await complaintOf(seeds, (seed) => regionalPlan(seed, CALLS), figures)).toBeUndefined();
    expect(figures.admitted).toBeGreaterThan(1000);
    expect(figures.denied).toBeGreaterThan(1000);
    expect(figures.gathered).toBeGreaterThan(20);
    expect(figures.back).toBeGreaterThan(2);
    expect(figures.fallback).toBeGreaterThan(2);
  });

  test("count what one call takes of a region in two goes at the time of each", async () => {
    expect(await complaintOf([3], (seed) => regionalPlan(seed, CALLS))).toBeUndefined();
    // Of one policy in the first go, of the other in the second.
    expect(await complaintOf([161], (seed) => regionalPlan(seed, 2000))).toBeUndefined();
  });

  test("in worlds of random seeds", async () => {
    const seeds = seedsFrom(Math.floor(Math.random() * 2 ** 32), 2);
    process.stdout.write(`simulated worlds of regions of seeds ${seeds}\n`);
    expect(await complaintOf(seeds, (seed) => regionalPlan(seed, CALLS))).toBeUndefined();
  });
});

describe("leases on limits that are split over regions", () => {
  const planOf = (seed: number) => leasedRegionalPlan(seed, 800);

  test("hold in each database by its own time, under partitions, deaths and losses", { timeout: 240_000 }, async () => {
    const figures = noRegionFigures();
    expect(await complaintOf([4, 8, 9, 12, 33], planOf, figures)).toBeUndefined();
    expect(figures.ahead).toBeGreaterThan(1000);
    expect(figures.denied).toBeGreaterThan(500);
    expect(figures.gathered).toBeGreaterThan(2);
    expect(figures.lent).toBeGreaterThan(20);
    expect(figures.differing).toBeGreaterThan(200);
  });

  test.each([
    ["units that are spent again", "of which its isolate had less", 14, { limiterOf: leases.spendingAgain }],
    ["units that a region grants and does not debit", "was given [0-9]+ at", 14, { twins: leases.grantingFreely() }],
    ["what a bucket lends, spent before it is due", "was given [0-9]+ at", 12, { limiterOf: lendingNow }],
    ["units of one policy that a call of the other uses", "/p1 was given", 9, { limiterOf: leases.sparingOthers }],
  ])("the judge of regions catches %s", async (_what, words, seed, parts: Partial<Plan>) => {
    expect(await complaintOf([seed], (seed) => ({ ...planOf(seed), ...parts }))).toMatch(
      new RegExp(`the judge of regions.*${words}`),
    );
  });
});

/** What is broken, the judge that it shows to, and a world in which it does. */
const BROKEN: readonly (readonly [what: string, judge: string, seed: number, parts: Partial<Plan>])[] = [
  ["a remainder that is given in every region", "definition", 700, { limiterOf: broken.remainderToEach }],
  ["what goes back to another region", "regions", 723, { limiterOf: broken.returningElsewhere }],
  ["what goes back twice", "regions", 723, { limiterOf: broken.returningTwice }],
  ["a denial that becomes the failure mode's open", "regions", 700, { limiterOf: broken.openAfterDenial }],
  ["a cost of which only some is there", "regions", 700, { limiterOf: broken.halfGiven }],
];

test.each(BROKEN)("%s is caught by the judge of %s", async (_what, judge, seed, parts) => {
  const complaint = await complaintOf([seed], (seed) => ({ ...regionalPlan(seed, CALLS), ...parts }));
  expect(complaint).toContain(`the judge of ${judge}`);
});

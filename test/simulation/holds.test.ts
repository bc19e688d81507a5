import { describe, expect, test } from "vitest";
import * as broken from "./broken/holds.ts";
import { noHoldFigures } from "./judges/holds.ts";
import { judgesOfHolds } from "./plans/families.ts";
import { type HeldWorld, heldWorld } from "./plans/held.ts";
import { complaintIn, seedsFrom } from "./run/complaint.ts";
import type { Plan } from "./world/plan.ts";

type Change = (world: HeldWorld) => Partial<Plan>;

function complaintOf(seeds: readonly number[], figures = noHoldFigures(), change: Change = () => ({})) {
  const planOf = (seed: number) => {
    const world = heldWorld(seed);
    return { ...world.plan, ...change(world) };
  };
  return complaintIn(seeds, planOf, (bench) => judgesOfHolds(bench, figures));
}

describe("never more than the limit is held, alone and beside a quota, and what leaks is free a hold later", () => {
  test("under crashes, lost answers, faults and clocks that are hours apart", async () => {
    const figures = noHoldFigures();
    expect(await complaintOf(seedsFrom(900, 20), figures)).toBeUndefined();
    for (const [what, times] of Object.entries(figures)) expect(times, what).toBeGreaterThan(100);
  }, 300_000);

  test("in worlds of random seeds", async () => {
    const seeds = seedsFrom(Math.floor(Math.random() * 2 ** 32), 4);
    process.stdout.write(`simulated worlds of work in flight of seeds ${seeds}\n`);
    expect(await complaintOf(seeds)).toBeUndefined();
  }, 300_000);
});

/** What is broken, and what the judge says of it. */
const BROKEN: readonly (readonly [what: string, words: string, change: Change])[] = [
  ["a caller's clock that ends the holds of others", "are held after|early", () => ({ twins: broken.trusting() })],
  ["places that leak for ever", "was denied", () => ({ twins: broken.leaking() })],
  ["a release that ends nothing", "was denied", () => ({ twins: broken.keeping() })],
  [
    "a denial by the quota that holds",
    "was denied, and holds a place",
    ({ work }) => ({ setOf: broken.oneByOne(work) }),
  ],
];

test.each(BROKEN)("the judge of holds catches %s", async (_what, words, change) => {
  expect(await complaintOf(seedsFrom(900, 12), noHoldFigures(), change)).toMatch(
    new RegExp(`the judge of holds.*(${words})`),
  );
});

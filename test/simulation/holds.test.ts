import { describe, expect, test } from "vitest";
import * as broken from "./broken/holds.ts";
import { type HoldFigures, noHoldFigures } from "./judges/holds.ts";
import { judgesOfHolds } from "./plans/families.ts";
import { type HeldWorld, heldWorld } from "./plans/held.ts";
import { simulate } from "./run/simulate.ts";
import type { Plan } from "./world/plan.ts";

/** The first complaint of a world, as text. */
async function complaintOf(plan: Plan, seed: number, figures: HoldFigures): Promise<string | undefined> {
  const { complaint } = await simulate({ plan, seed, judges: (bench) => judgesOfHolds(bench, figures) });
  return complaint && `seed ${seed}, ${plan.name}: the judge of ${complaint.judge}: ${complaint.text}`;
}

type Change = (world: HeldWorld) => Partial<Plan>;

async function complaintIn(seeds: readonly number[], figures = noHoldFigures(), change: Change = () => ({})) {
  for (const seed of seeds) {
    const world = heldWorld(seed);
    const complaint = await complaintOf({ ...world.plan, ...change(world) }, seed, figures);
    if (complaint) return complaint;
  }
  return undefined;
}

const seedsFrom = (first: number, many: number) => Array.from({ length: many }, (_, i) => first + i);

describe("never more than the limit is held, alone and beside a quota, and what leaks is free a hold later", () => {
  test("under crashes, lost answers, faults and clocks that are hours apart", async () => {
    const figures = noHoldFigures();
    expect(await complaintIn(seedsFrom(900, 20), figures)).toBeUndefined();
    for (const [what, times] of Object.entries(figures)) expect(times, what).toBeGreaterThan(100);
  }, 300_000);

  test("in worlds of random seeds", async () => {
    const seeds = seedsFrom(Math.floor(Math.random() * 2 ** 32), 4);
    process.stdout.write(`simulated worlds of work in flight of seeds ${seeds}\n`);
    expect(await complaintIn(seeds)).toBeUndefined();
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
  expect(await complaintIn(seedsFrom(900, 12), noHoldFigures(), change)).toMatch(
    new RegExp(`the judge of holds.*(${words})`),
  );
});

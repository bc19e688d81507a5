import { describe, expect, test } from "vitest";
import * as gates from "./broken/gates.ts";
import * as broken from "./broken/holds.ts";
import { noHoldFigures } from "./judges/holds.ts";
import { judgesOfHolds } from "./plans/families.ts";
import { type HeldWorld, heldWorld } from "./plans/held.ts";
import { type Gate, workers, workersTogether } from "./plans/working.ts";
import { complaintIn, seedsFrom } from "./run/complaint.ts";
import type { Plan } from "./world/plan.ts";

const CALLS = 700;

type Change = (world: HeldWorld) => Partial<Plan>;

function complaintOf(seeds: readonly number[], figures = noHoldFigures(), change: Change = () => ({})) {
  const planOf = (seed: number) => {
    const world = heldWorld(seed, CALLS);
    return { ...world.plan, ...change(world) };
  };
  return complaintIn(seeds, planOf, (bench) => judgesOfHolds(bench, figures));
}

describe("never more than the limit is held, alone and beside a quota, by whatever asks again, and what leaks is free a hold later", () => {
  test("under crashes, lost answers, faults and clocks that are hours apart", async () => {
    const figures = noHoldFigures();
    expect(await complaintOf(seedsFrom(900, 12), figures)).toBeUndefined();
    for (const [what, times] of Object.entries(figures)) expect(times, what).toBeGreaterThan(100);
  }, 300_000);

  test("in worlds of random seeds", async () => {
    const seeds = seedsFrom(Math.floor(Math.random() * 2 ** 32), 4);
    process.stdout.write(`simulated worlds of work in flight of seeds ${seeds}\n`);
    expect(await complaintOf(seeds)).toBeUndefined();
  }, 300_000);
});

/** Another gate in front of the work. */
const byGate =
  (gateOf: (gate: Gate) => Gate): Change =>
  ({ work }) => ({ limiterOf: workers(work, gateOf), setOf: workersTogether(work, gateOf) });

/** What is broken, who notices and what they say, and a world in which it happens soon. */
const BROKEN: readonly (readonly [what: string, judge: string, words: string, seed: number, change: Change])[] = [
  [
    "a caller's clock that ends the holds of others",
    "holds",
    "are held after|early",
    900,
    () => ({ twins: broken.trusting() }),
  ],
  ["places that leak for ever", "holds", "was denied", 903, () => ({ twins: broken.leaking() })],
  ["a release that ends nothing", "holds", "was denied|what was not held", 900, () => ({ twins: broken.keeping() })],
  [
    "a denial by the quota that holds",
    "workers",
    "was denied, and holds a place",
    905,
    ({ work }) => ({ setOf: gates.oneByOne(work) }),
  ],
  [
    "a second place for what is asked for again",
    "holds",
    "asked again for what is held, and was denied",
    902,
    byGate(gates.forgettingNames),
  ],
  [
    "a name that lets in for ever, and without room",
    "holds",
    "are held after",
    903,
    () => ({ twins: broken.trustingNames() }),
  ],
  ["a hold that to ask again makes too long", "holds", "was denied", 901, () => ({ twins: broken.lengthening() })],
  [
    "a hold that to ask again does not renew",
    "holds",
    "are held after|early",
    900,
    () => ({ twins: broken.notRenewing() }),
  ],
  [
    "a place that is free after as many releases as questions",
    "holds",
    "was denied",
    901,
    () => ({ twins: broken.counting() }),
  ],
  [
    "a release by the first of two answers in vain",
    "workers",
    "nobody was told",
    909,
    byGate(gates.releasingByTheLast),
  ],
  ["a settlement by each of two answers of what both took", "workers", "than it took", 902, byGate(gates.settlingAll)],
  ["a denial from memory of what is held", "workers", "denied without asking", 900, byGate(gates.remembering)],
];

test.each(BROKEN)("%s: the judge of %s notices", async (_what, judge, words, seed, change) => {
  expect(await complaintOf([seed], noHoldFigures(), change)).toMatch(new RegExp(`the judge of ${judge}.*(${words})`));
});

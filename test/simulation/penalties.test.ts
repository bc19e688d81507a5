import { describe, expect, test } from "vitest";
import { endingLate } from "./broken/leases.ts";
import * as broken from "./broken/penalties.ts";
import { noPenaltyFigures } from "./judges/penalties.ts";
import { judgesOfPenalties } from "./plans/families.ts";
import { penalizedPlan } from "./plans/penalized.ts";
import { complaintIn, seedsFrom } from "./run/complaint.ts";
import type { Plan } from "./world/plan.ts";

const complaintOf = (seeds: readonly number[], figures = noPenaltyFigures(), change: Partial<Plan> = {}) =>
  complaintIn(
    seeds,
    (seed) => ({ ...penalizedPlan(seed), ...change }),
    (bench) => judgesOfPenalties(bench, figures),
  );

describe("nobody is let in while blocked, and blocked only for what the own policies denied", () => {
  test("alone, together and with leases, under faults", async () => {
    const figures = noPenaltyFigures();
    expect(await complaintOf(seedsFrom(700, 16), figures)).toBeUndefined();
    for (const [what, times] of Object.entries(figures)) expect(times, what).toBeGreaterThan(50);
  });

  test("where a call comes so late that the database has ended the block and its key", async () => {
    expect(await complaintOf([947_721_748])).toBeUndefined();
  });

  test("in worlds of random seeds", async () => {
    const seeds = seedsFrom(Math.floor(Math.random() * 2 ** 32), 4);
    process.stdout.write(`simulated worlds of penalties of seeds ${seeds}\n`);
    expect(await complaintOf(seeds)).toBeUndefined();
  });
});

/** What is broken, and what the judge says of it. */
const BROKEN: readonly (readonly [what: string, words: string, change: () => Partial<Plan>])[] = [
  ["a look that is a strike", "told of a block|was to be a strike", () => ({ twins: broken.strikingLooks() })],
  ["blocks that end early", "told of a block", () => ({ twins: broken.endingEarly() })],
  ["another limiter's denial that is a strike", "told of a block", () => ({ twins: broken.strikingAll() })],
  ["a booking that pardons", "told of a block|was let pass", () => ({ twins: broken.pardoning() })],
  ["a limiter without its penalty", "without its penalty", () => ({ limiterOf: broken.forgiving })],
  ["a block by hand that blocks nobody", "was said to be blocked", () => ({ limiterOf: broken.idle })],
  ["a block by hand that shortens another", "told of a block", () => ({ twins: broken.shortening() })],
  ["a denial that is let pass", "was let pass by the store", () => ({ limiterOf: broken.merciful })],
  ["leases that outlast their time", "let pass by a lease", () => ({ limiterOf: endingLate })],
];

test.each(BROKEN)("the judge of penalties catches %s", async (_what, words, change) => {
  expect(await complaintOf(seedsFrom(700, 16), noPenaltyFigures(), change())).toMatch(
    new RegExp(`the judge of penalties.*(${words})`),
  );
});

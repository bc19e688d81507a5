import { describe, expect, test } from "vitest";
import * as broken from "./broken/rules.ts";
import { noLimitFigures } from "./judges/limits.ts";
import { noRuleFigures } from "./judges/rules.ts";
import { judgesOfRules } from "./plans/families.ts";
import { ruledPlan } from "./plans/ruled.ts";
import { complaintIn, seedsFrom } from "./run/complaint.ts";
import type { Plan } from "./world/plan.ts";

const noFigures = () => ({ ...noRuleFigures(), ...noLimitFigures() });

const complaintOf = (seeds: readonly number[], figures = noFigures(), change: Partial<Plan> = {}) =>
  complaintIn(
    seeds,
    (seed) => ({ ...ruledPlan(seed), ...change }),
    (bench) => judgesOfRules(bench, figures),
  );

describe("isolates go by the operators' rules from when they have read them, and read them in time", () => {
  test("alone, together and with leases, under faults", async () => {
    const figures = noFigures();
    expect(await complaintOf(seedsFrom(700, 8), figures)).toBeUndefined();
    for (const [what, times] of Object.entries(figures)) expect(times, what).toBeGreaterThan(50);
  });

  test("where the text of one read reaches the database after a later read, and after a change", async () => {
    expect(await complaintOf([947_721_692])).toBeUndefined();
  });

  test("where a window in parts is charged under a limit of 0", async () => {
    expect(await complaintOf([60_000_142])).toBeUndefined();
  });

  test("in worlds of random seeds", async () => {
    const seeds = seedsFrom(Math.floor(Math.random() * 2 ** 32), 3);
    process.stdout.write(`simulated worlds of rules of seeds ${seeds}\n`);
    expect(await complaintOf(seeds)).toBeUndefined();
  });
});

/** What is broken, and what the judge says of it. */
const BROKEN: readonly (readonly [what: string, judge: string, words: string, change: () => Partial<Plan>])[] = [
  ["rules that are read too seldom", "rules", "asked for", () => ({ limiterOf: broken.readingSeldom })],
  ["leases that outlast a block", "rules", "was let pass by lease", () => ({ limiterOf: broken.leasesFirst })],
  ["a block that lets pass", "rules", "was let pass by store", () => ({ limiterOf: broken.blocksLetPass })],
  [
    "a read that never tells of a change",
    "rules|limits",
    "without the change|was let pass|was denied|was let use|was told by",
    () => ({ twins: broken.neverNews() }),
  ],
  ["a limit that never takes effect", "limits", "was let use", () => ({ limiterOf: broken.limitsForgotten })],
  [
    "a lowered limit that is applied twice",
    "limits",
    "was told by|was let use",
    () => ({ limiterOf: broken.loweredTwice }),
  ],
  ["a limit of 0 that is none", "limits", "was told by", () => ({ limiterOf: broken.closedIsOpen })],
  ["a raised limit that forgets what is used", "definition|numbers", "", () => ({ twins: broken.forgettingUse() })],
  ["a lowered limit that halves what is used", "definition|numbers", "", () => ({ twins: broken.halvingUse() })],
];

test.each(BROKEN)("%s: the judge of %s notices", async (_what, judge, words, change) => {
  expect(await complaintOf(seedsFrom(700, 12), noFigures(), change())).toMatch(
    new RegExp(`the judge of (${judge}):.*(${words})`),
  );
});

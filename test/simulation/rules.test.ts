import { describe, expect, test } from "vitest";
import * as broken from "./broken/rules.ts";
import { noRuleFigures } from "./judges/rules.ts";
import { judgesOfRules } from "./plans/families.ts";
import { ruledPlan } from "./plans/ruled.ts";
import { simulate } from "./run/simulate.ts";
import type { Plan } from "./world/plan.ts";

/** The first complaint of these worlds, as text. */
async function complaintIn(seeds: readonly number[], figures = noRuleFigures(), change: Partial<Plan> = {}) {
  for (const seed of seeds) {
    const plan = { ...ruledPlan(seed), ...change };
    const { complaint } = await simulate({ plan, seed, judges: (bench) => judgesOfRules(bench, figures) });
    if (complaint) return `seed ${seed}, ${plan.name}: the judge of ${complaint.judge}: ${complaint.text}`;
  }
  return undefined;
}

const seedsFrom = (first: number, many: number) => Array.from({ length: many }, (_, i) => first + i);

describe("isolates go by the operators' rules from when they have read them, and read them in time", () => {
  test("alone, together and with leases, under faults", async () => {
    const figures = noRuleFigures();
    expect(await complaintIn(seedsFrom(700, 12), figures)).toBeUndefined();
    for (const [what, times] of Object.entries(figures)) expect(times, what).toBeGreaterThan(50);
  });

  test("in worlds of random seeds", async () => {
    const seeds = seedsFrom(Math.floor(Math.random() * 2 ** 32), 3);
    process.stdout.write(`simulated worlds of rules of seeds ${seeds}\n`);
    expect(await complaintIn(seeds)).toBeUndefined();
  });
});

/** What is broken, and what the judge says of it. */
const BROKEN: readonly (readonly [what: string, words: string, change: () => Partial<Plan>])[] = [
  ["rules that are read too seldom", "asked for", () => ({ limiterOf: broken.readingSeldom })],
  ["leases that outlast a change of the rules", "was let pass by lease", () => ({ limiterOf: broken.leasesFirst })],
  ["a block that lets pass", "was let pass by store", () => ({ limiterOf: broken.blocksLetPass })],
  ["a read that never tells of a change", "was let pass|was denied", () => ({ twins: broken.neverNews() })],
];

test.each(BROKEN)("the judge of rules catches %s", async (_what, words, change) => {
  expect(await complaintIn(seedsFrom(700, 12), noRuleFigures(), change())).toMatch(
    new RegExp(`the judge of rules.*(${words})`),
  );
});

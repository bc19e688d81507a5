import { afterAll, expect, inject, test } from "vitest";
import { connect } from "../support/redis.ts";
import { endingEarly } from "./broken/penalties.ts";
import { endingKeys } from "./broken/twins.ts";
import { FAMILIES, type FamilyName } from "./plans/families.ts";
import { swarmPlan } from "./plans/swarm.ts";
import { createSample } from "./run/replay.ts";
import { simulate } from "./run/simulate.ts";
import type { Happening } from "./world/history.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

/** Worlds that have every algorithm, every operation, a clock far ahead and Redis's own clock among them. */
const SEEDS = Array.from({ length: 12 }, (_seed, i) => i + 1);

test("what the twins did in a simulation, a real Redis does to the digit, with the same ends of keys", async () => {
  let [steps, together] = [0, 0];
  for (const seed of SEEDS) {
    const sample = createSample();
    const watch = (happening: Happening) => {
      const before = sample.steps;
      sample.see(happening);
      if (sample.steps > before + 1) together += 1;
    };
    await simulate({ plan: swarmPlan(seed, 800), seed, watch, judges: () => [] });
    expect(await sample.replay(redis), `seed ${seed}`).toEqual([]);
    steps += sample.steps;
  }
  expect(steps).toBeGreaterThan(1500);
  expect(together).toBeGreaterThan(10);
});

const OTHERS: readonly FamilyName[] = ["reserved", "windows", "regions", "leases", "penalties", "rules", "holds"];

test.each(OTHERS)("so it does in worlds of another kind: %s", async (of) => {
  let steps = 0;
  // Of leases the first has windows, the second surges of a period that ends.
  for (const seed of [1, 4]) {
    const sample = createSample(8, 60);
    await simulate({ plan: FAMILIES[of].plan(seed, 500), seed, watch: sample.see, judges: () => [] });
    expect(await sample.replay(redis), `seed ${seed}`).toEqual([]);
    steps += sample.steps;
  }
  expect(steps).toBeGreaterThan(100);
});

test("a twin of a penalty that blocks otherwise than its script is noticed", async () => {
  const sample = createSample(8, 60);
  const plan = { ...FAMILIES.penalties.plan(1, 500), twins: endingEarly() };
  await simulate({ plan, seed: 1, watch: sample.see, judges: () => [] });
  expect(await sample.replay(redis)).not.toEqual([]);
});

test("a twin that ends keys otherwise than its script is noticed", async () => {
  const sample = createSample();
  const plan = { ...swarmPlan(1, 500), twins: endingKeys(5000) };
  await simulate({ plan, seed: 1, watch: sample.see, judges: () => [] });
  expect(await sample.replay(redis)).not.toEqual([]);
});

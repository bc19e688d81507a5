import { expect, test } from "vitest";
import { impatient } from "./broken/limiters.ts";
import { takingHalves } from "./broken/twins.ts";
import { explore } from "./small/explore.ts";
import type { SmallPlan } from "./small/small-world.ts";
import { SMALL_WORLDS } from "./small/worlds.ts";

test("in small worlds, whatever the order in which everything happens, every promise is kept", async () => {
  let all = 0;
  for (const plan of SMALL_WORLDS) {
    const { states, complaint } = await explore(plan);
    expect(complaint, plan.name).toBeUndefined();
    all += states;
  }
  process.stdout.write(`small worlds: ${all} states, every order\n`);
  expect(all).toBeGreaterThan(30_000);
});

test("each state is met once: the same world again has as many", async () => {
  const [plan] = SMALL_WORLDS as readonly [SmallPlan, ...SmallPlan[]];
  expect(await explore(plan)).toEqual(await explore(plan));
});

test("a script that writes one key although another denies is found", async () => {
  const plan = SMALL_WORLDS.find(({ limiter }) => limiter.levels) as SmallPlan;
  expect((await explore({ ...plan, twins: takingHalves() })).complaint).toMatchObject({ judge: "together" });
});

test("a consume that is sent twice is found, in an order in which its first answer is late", async () => {
  const [plan] = SMALL_WORLDS as readonly [SmallPlan, ...SmallPlan[]];
  const { complaint } = await explore({ ...plan, limiterOf: impatient });
  expect(complaint?.path).toContainEqual(expect.stringContaining("timer"));
});

import { expect, test } from "vitest";
import { keep, newHeld, putBack, spend, unitsLeft } from "../../../src/limiter/leases/held.ts";
import { newUse } from "../../../src/limiter/leases/use.ts";

test("what a denied call puts back after the rest of its batch was put aside comes back beside that, once", () => {
  const held = newHeld(1000, "", newUse(1, 0));
  keep(held, { units: [10], since: 1, askedAt: 0, until: 500 });
  const spending = spend(held, [3]);
  expect(unitsLeft(held, 1, 600)).toEqual([0]);
  expect(held.back?.units).toEqual([7]);
  putBack(spending);
  expect(unitsLeft(held, 1, 600)).toEqual([0]);
  expect(held.back?.units).toEqual([10]);
  expect(held.batches).toEqual([]);
});

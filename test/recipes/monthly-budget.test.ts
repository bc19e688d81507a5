import { memoryStore } from "sluice";
import { expect, test } from "vitest";
import { createBudgets } from "./monthly-budget.ts";

const MONTHLY = 1000;

/** At a time in Berlin, where summer time began on March 29. */
function budgetsAt(start: number) {
  const clock = { now: start };
  const { spend, left } = createBudgets(memoryStore(), () => clock.now);
  const leftOf = async (customer: string) => (await left(customer, MONTHLY))?.map(({ remaining }) => remaining);
  return { clock, leftOf, spend: (units: number, used = units) => spend("acme", MONTHLY, units, async () => used) };
}

test("a month's budget is spent day by day, what an estimate leaves comes back, and all is whole at the zone's midnight", async () => {
  const { clock, leftOf, spend } = budgetsAt(Date.UTC(2026, 2, 1, 12));
  expect(await spend(80, 30)).toEqual({ denied: undefined });
  expect(await leftOf("acme")).toEqual([970, 70]);
  expect(await spend(100)).toEqual({ denied: "day", againInMs: 11 * 3_600_000 });
  for (let day = 2; day <= 10; day += 1) {
    clock.now = Date.UTC(2026, 2, day, 12);
    expect(await spend(100)).toEqual({ denied: undefined });
  }
  clock.now = Date.UTC(2026, 2, 30, 12);
  expect(await spend(70)).toEqual({ denied: undefined });
  // The month ends in summer time, at ten in the evening UTC.
  expect(await spend(10)).toEqual({ denied: "month", againInMs: 34 * 3_600_000 });
  clock.now += 34 * 3_600_000;
  expect(await leftOf("acme")).toEqual([1000, 100]);
  expect(await leftOf("another")).toEqual([1000, 100]);
});

test("what is settled after the month's end comes back to the month that paid, and not to the next", async () => {
  const clock = { now: Date.UTC(2026, 2, 31, 21, 59) };
  const { spend, left } = createBudgets(memoryStore(), () => clock.now);
  const over = Date.UTC(2026, 2, 31, 22, 1);
  await spend("acme", MONTHLY, 90, async () => {
    clock.now = over;
    await spend("acme", MONTHLY, 50, async () => 50);
    return 10;
  });
  expect(await left("acme", MONTHLY)).toEqual([
    { policy: "month", remaining: 950 },
    { policy: "day", remaining: 50 },
  ]);
});

import { calendar, createLimiter, fixedWindow, type Store } from "sluice";

/** Budgets by month, with a cap by day so that one runaway script does not spend the month in an hour. */
export function createBudgets(store: Store, now?: () => number) {
  const timeZone = "Europe/Berlin"; // Where invoices are dated.
  const limiter = createLimiter({
    name: "budget",
    store,
    now,
    failureMode: "closed",
    policies: [
      fixedWindow({ name: "month", limit: 3_000_000, window: calendar("1 month", { timeZone }) }),
      fixedWindow({ name: "day", limit: 300_000, window: calendar("1 day", { timeZone }) }),
    ],
  });
  return {
    /** Runs `work`, which resolves to what it has used; `monthly` is what the customer's plan allows. */
    async spend(customer: string, monthly: number, estimated: number, work: () => Promise<number>) {
      const limit = { month: monthly, day: Math.ceil(monthly / 10) };
      const reservation = await limiter.reserve(customer, { cost: estimated, limit });
      if (!reservation.allowed) return { denied: reservation.policy, againInMs: reservation.retryAfterMs };
      await reservation.settle(await work());
      return { denied: undefined };
    },
    /** What is left, for the page where customers see it. */
    async left(customer: string, monthly: number) {
      const limit = { month: monthly, day: Math.ceil(monthly / 10) };
      const seen = await limiter.peek(customer, { cost: 0, limit });
      return "policies" in seen ? seen.policies.map(({ policy, remaining }) => ({ policy, remaining })) : undefined;
    },
  };
}

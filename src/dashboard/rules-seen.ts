import { readLimiters } from "../limiter/described/read-limiters.ts";
import { openRules } from "../rules/open-rules.ts";
import type { Database } from "./database.ts";

/** What the page shows of the rules, and what it needs to make one. */
export async function rulesSeen(database: Database, by: string | undefined) {
  const book = openRules(database);
  // The version before the history: so no change is taken for seen that is not in it.
  const { version, rules } = await book.read();
  const [history, limiters] = await Promise.all([book.history(), readLimiters(database)]);
  return { version, rules, history, limiters: limiters.map(namesOf), by };
}

const namesOf = ({ name, policies }: Awaited<ReturnType<typeof readLimiters>>[number]) => ({
  name,
  policies: policies.map(({ name, limit }) => ({ name, limit })),
});

import type { PolicyStatus } from "../core/decision.ts";
import type { LimiterDescription } from "../limiter/described/description.ts";
import { limitsUnder } from "../rules/limits.ts";
import type { Rule } from "../rules/rule.ts";
import type { RuleIndex } from "../rules/rule-index.ts";
import type { Database } from "./database.ts";
import { limiterFrom, policiesFrom } from "./described-limiter.ts";

/** One key in one limiter, as it is now. */
export interface KeyState {
  readonly limiter: string;
  /** With the limits in force, those of a rule included. */
  readonly policies: readonly PolicyStatus[];
  /** The operators' rule for this key, if there is one. */
  readonly rule?: Rule;
  /** Why there is no telling. */
  readonly error?: string;
}

/** The key's state in each of the limiters, under the rules. */
export function keyStates(
  database: Database,
  descriptions: readonly LimiterDescription[],
  rules: RuleIndex,
  key: string,
): Promise<KeyState[]> {
  const at = Date.now();
  return Promise.all(
    descriptions.map(async (description): Promise<KeyState> => {
      const limiter = description.name;
      const rule = rules.find(limiter, key, at);
      const found = { limiter, ...(rule && { rule }) };
      try {
        return { ...found, policies: await statusOf(database, description, rule, key) };
      } catch (error) {
        return { ...found, policies: [], error: (error as Error).message };
      }
    }),
  );
}

async function statusOf(database: Database, description: LimiterDescription, rule: Rule | undefined, key: string) {
  const policies = policiesFrom(description);
  const limit = rule?.limits && limitsUnder(rule, policies, undefined);
  const decision = await limiterFrom(database, description.name, policies).peek(key, { limit });
  if ("policies" in decision) return decision.policies;
  // Of the rules this limiter has none.
  throw decision.source === "fallback" ? decision.error : new Error("A rule decides about this key");
}

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
  /** With the limits in force, those of a rule included. None where its penalty blocks the key: then nothing tells the counts. */
  readonly policies: readonly PolicyStatus[];
  /** Set where its penalty blocks the key: until when, in ms since the epoch, and how many ms more. */
  readonly blocked?: { readonly until: number; readonly forMs: number };
  /** Whether it has a penalty, and so can block keys itself. */
  readonly blocks: boolean;
  /** The databases that its quota is split over. This page sees one of them at most, so it tells nothing of the quota. */
  readonly regions?: readonly string[];
  /** Other policies, as they are named and limited, that it described itself with today or yesterday. */
  readonly otherwise?: readonly { readonly name: string; readonly limit: number }[];
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
      const { name: limiter, regions, penalty } = description;
      const otherwise = description.otherwise?.policies.map(({ name, limit }) => ({ name, limit }));
      const rule = rules.find(limiter, key, at);
      const told = { ...(rule && { rule }), ...(otherwise && { otherwise }) };
      const found = { limiter, blocks: penalty !== undefined, ...told };
      if (regions) return { ...found, regions, policies: [] };
      try {
        return { ...found, ...(await statusOf(database, description, rule, key)) };
      } catch (error) {
        return { ...found, policies: [], error: (error as Error).message };
      }
    }),
  );
}

async function statusOf(
  database: Database,
  description: LimiterDescription,
  rule: Rule | undefined,
  key: string,
): Promise<Pick<KeyState, "policies" | "blocked">> {
  const limit = rule?.limits && limitsUnder(rule, policiesFrom(description), undefined);
  const decision = await limiterFrom(database, description).peek(key, { limit });
  if ("policies" in decision) return { policies: decision.policies };
  if (decision.source === "penalty") {
    const { blockedUntil: until } = decision;
    return { policies: [], blocked: { until, forMs: Math.max(0, until - Date.now()) } };
  }
  // Of the rules this limiter has none.
  throw decision.source === "fallback" ? decision.error : new Error("A rule decides about this key");
}

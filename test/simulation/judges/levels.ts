import type { Decision } from "../../../src/core/decision.ts";
import type { CallMade, LimiterRule } from "../world/history.ts";

/** One limiter that a call concerns, and its key there. */
export interface Level {
  readonly rule: LimiterRule;
  readonly key: string;
}

/** What a call concerns: its limiter, or each of those decided together or asked in order. */
export function levelsOf({ limiter, key, keys }: CallMade): readonly Level[] {
  if (limiter.members) return limiter.members.map((rule) => ({ rule, key }));
  if (!limiter.levels) return [{ rule: limiter, key }];
  return limiter.levels.map((rule, i) => ({ rule, key: keys?.[i] ?? "" }));
}

/** The one of several asked in order that an answer is of, from 0; undefined where they are not asked in order. */
export function memberOf({ limiter }: CallMade, decision: Decision | undefined): number | undefined {
  return limiter.members && (decision as { readonly member?: number } | undefined)?.member;
}

interface Command {
  readonly call: CallMade;
  readonly keys: readonly string[];
  /** Left out where a limiter's parts in several databases count as one. */
  readonly database?: string;
}

/** What a command concerns: for each of its keys the limiter whose name it begins with, or the part of it that the database holds. */
export function levelsOfCommand({ call, keys, database }: Command): readonly Level[] {
  const levels = levelsOf(call);
  return keys.map((key) => {
    const level = levels.find(({ rule }) => key.startsWith(`${rule.name}:`));
    const part = level?.rule.regions?.find((rule) => rule.database === database);
    if (level && part) return { rule: part, key: level.key };
    if (level) return level;
    throw new Error(`${key} is a key of none of the call's limiters`);
  });
}

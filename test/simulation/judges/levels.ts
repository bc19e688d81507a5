import type { CallMade, Happening, LimiterRule } from "../world/history.ts";

/** One limiter that a call concerns, and its key there. */
export interface Level {
  readonly rule: LimiterRule;
  readonly key: string;
}

/** What a call concerns: its limiter, or each of a set's, in their order. */
export function levelsOf({ limiter, key, keys }: CallMade): readonly Level[] {
  if (!limiter.levels) return [{ rule: limiter, key }];
  return limiter.levels.map((rule, i) => ({ rule, key: keys?.[i] ?? "" }));
}

/** What a command concerns: for each of its keys the limiter whose name it begins with, or the part of it that the database holds. */
export function levelsOfCommand({ call, keys, database }: Extract<Happening, { type: "executed" }>): readonly Level[] {
  const levels = levelsOf(call);
  return keys.map((key) => {
    const level = levels.find(({ rule }) => key.startsWith(`${rule.name}:`));
    const part = level?.rule.regions?.find((rule) => rule.database === database);
    if (level && part) return { rule: part, key: level.key };
    if (level) return level;
    throw new Error(`${key} is a key of none of the call's limiters`);
  });
}

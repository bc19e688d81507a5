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

/** What a command concerns: a script all levels of its call, in their order, and a `DEL` the one whose key it names. */
export function levelsOfCommand({ call, command, keys }: Extract<Happening, { type: "executed" }>): readonly Level[] {
  const levels = levelsOf(call);
  return command === "DEL" ? levels.filter(({ rule }) => keys[0]?.startsWith(`${rule.name}:`)) : levels;
}

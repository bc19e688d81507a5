import type { Decision } from "../../../src/core/decision.ts";
import type { CallMade, LimiterRule } from "../world/history.ts";
import { levelsIn } from "../world/levels.ts";

/** One limiter that a call concerns, and its key there. */
export interface Level {
  readonly rule: LimiterRule;
  readonly key: string;
}

/** The same, as one of those of a call. */
export interface LevelOfCall extends Level {
  /** Its place among them, from 0. */
  readonly index: number;
  /** The one of several asked in order that it is, or is a level of, from 0; undefined where they are not asked in order. */
  readonly member: number | undefined;
}

/** What a call concerns: its limiter, each of those decided together, or of those asked in order all that each of them decides. */
export function levelsOf({ limiter, key, keys }: CallMade): readonly LevelOfCall[] {
  if (!limiter.members) {
    return levelsIn(limiter).map((rule, index) => ({ rule, key: keys?.[index] ?? key, index, member: undefined }));
  }
  return limiter.members
    .flatMap((whole, member) => levelsIn(whole).map((rule) => ({ rule, member })))
    .map((level, index) => ({ ...level, key: keys?.[index] ?? key, index }));
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
export function levelsOfCommand({ call, keys, database }: Command): readonly LevelOfCall[] {
  const levels = asked(call, keys);
  return keys.map((key) => {
    const level = levels.find(({ rule }) => isKeyOf(rule, key));
    const part = level?.rule.regions?.find((rule) => rule.database === database);
    if (level && part) return { ...level, rule: part };
    if (level) return level;
    throw new Error(`${key} is a key of none of the call's limiters`);
  });
}

const isKeyOf = ({ name }: LimiterRule, key: string) => key.startsWith(`${name}:`);

/** Of several asked in order the levels of the one that these keys are all of: a limiter may be a level of more than one. */
function asked(call: CallMade, keys: readonly string[]): readonly LevelOfCall[] {
  const levels = levelsOf(call);
  const isWhole = (own: readonly LevelOfCall[]) =>
    own.length === keys.length && own.every(({ rule }) => keys.some((key) => isKeyOf(rule, key)));
  const members = call.limiter.members?.map((_rule, i) => levels.filter(({ member }) => member === i));
  return members?.find(isWhole) ?? levels;
}

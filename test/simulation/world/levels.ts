import type { LimiterRule } from "./history.ts";

/** A limiter itself, or those that it decides together. */
export const levelsIn = (rule: LimiterRule): readonly LimiterRule[] => rule.levels ?? [rule];

/** Of several asked in order all of theirs, one after the other, so that a limiter may be there more than once. */
export const allLevelsIn = (rule: LimiterRule): readonly LimiterRule[] => (rule.members ?? [rule]).flatMap(levelsIn);

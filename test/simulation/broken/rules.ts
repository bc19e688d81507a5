import type { Extension } from "../../../src/limiter/extension.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import { readRules } from "../../../src/rules/scripts.ts";
import { TWINS, type Twin } from "../redis/twin.ts";
import { plainOptions } from "../world/limiter.ts";
import type { LimiterMaker, LimiterParts } from "../world/plan.ts";

/** A limiter whose rules are changed. */
const ruledBy =
  (change: (rules: Extension, parts: LimiterParts) => Extension): LimiterMaker =>
  (parts) => {
    const { rules, ...options } = plainOptions(parts);
    return createLimiter({ ...options, rules: rules && change(rules, parts) });
  };

/** Rules that are read five times as seldom. */
export const readingSeldom: LimiterMaker = (parts) => {
  const { rules } = parts.rule;
  return createLimiter(
    plainOptions({
      ...parts,
      rule: { ...parts.rule, ...(rules && { rules: { ...rules, refreshMs: 5 * rules.refreshMs } }) },
    }),
  );
};

/** What the isolate holds of a key is kept and spent whatever the rules say. */
export const leasesFirst = ruledBy((rules) => ({
  ...rules,
  level(level) {
    const ruled = rules.level({ ...level, forgetAll() {} });
    return {
      ...ruled,
      call(key, place, question) {
        const call = ruled.call(key, place, question);
        return { ...call, limits: call.limits.replace(/@.*/, "") };
      },
      known(call, clock) {
        const known = level.known(call, clock);
        return known?.source === "lease" ? known : ruled.known(call, clock);
      },
    };
  },
}));

/** Nobody is blocked. */
export const blocksLetPass = ruledBy((rules) => ({
  ...rules,
  level(level) {
    const ruled = rules.level(level);
    return {
      ...ruled,
      known: (call, clock) => (call.ruled && !call.ruled.allowed ? level.known(call, clock) : ruled.known(call, clock)),
    };
  },
}));

/** Once read, the rules have not changed. */
export const neverNews = (): Twin[] =>
  TWINS.map((twin) => {
    if (twin.script !== readRules) return twin;
    return {
      ...twin,
      run: (keyspace, keys, args, now) =>
        args[0] === "" ? twin.run(keyspace, keys, args, now) : { reply: null, steps: [], billed: 2 },
    };
  });

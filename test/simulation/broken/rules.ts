import type { Extension } from "../../../src/limiter/extension.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import { readRules } from "../../../src/rules/scripts.ts";
import { readArguments } from "../redis/argv.ts";
import type { Keyspace } from "../redis/keyspace.ts";
import { LOOKUPS } from "../redis/rules.ts";
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

/** Calls that are counted by other limits than the rules say; undefined: by the limiter's own. */
const limitedBy = (change: (ruled: number, usual: number) => number | undefined) =>
  ruledBy((rules) => ({
    ...rules,
    level: (level) =>
      rules.level({
        ...level,
        call(key, place, question) {
          const [policy] = level.options.policies;
          const ruled = (question.options?.limit as Readonly<Record<string, number>> | undefined)?.[policy?.name ?? ""];
          const limit = ruled === undefined ? undefined : change(ruled, policy?.limit ?? 0);
          return level.call(key, place, { ...question, options: { ...question.options, limit } });
        },
      }),
  }));

/** A limit that never takes effect. */
export const limitsForgotten = limitedBy(() => undefined);

/** A limit below the usual one is applied twice. */
export const loweredTwice = limitedBy((ruled, usual) => (ruled < usual ? Math.floor((ruled * ruled) / usual) : ruled));

/** A limit of 0 is none. */
export const closedIsOpen = limitedBy((ruled) => (ruled === 0 ? Infinity : ruled));

/** Today's twins, in which what is counted of a key changes with its limit. */
function whereLimitsChange(change: (count: number, isRaised: boolean) => number): Twin[] {
  function changed(keyspace: Keyspace, key: string, isRaised: boolean, now: number): void {
    const stored = keyspace.get(key, now);
    if (!stored || !Array.isArray(stored.value)) return;
    const [at, ...counts] = stored.value as readonly number[];
    keyspace.set(key, { ...stored, value: [at, ...counts.map((count) => change(count, isRaised))] }, now);
  }
  return TWINS.map((twin) => {
    if (LOOKUPS.some(({ script }) => script === twin.script)) return twin;
    const before = new WeakMap<Keyspace, Map<string, number>>();
    return {
      ...twin,
      run(keyspace, keys, args, now) {
        const limits = before.get(keyspace) ?? new Map<string, number>();
        before.set(keyspace, limits);
        for (const [i, { demands }] of readArguments(twin.script, args).entries()) {
          const [key = "", ceiling = -1] = [keys[i], demands[0]?.ceiling];
          // What only looks, or is booked, tells of no limit.
          if (ceiling < 0 || ceiling > 1e15) continue;
          const last = limits.get(key) ?? ceiling;
          limits.set(key, ceiling);
          if (last !== ceiling) changed(keyspace, key, ceiling > last, now);
        }
        return twin.run(keyspace, keys, args, now);
      },
    };
  });
}

/** A limit that is raised begins anew. */
export const forgettingUse = () => whereLimitsChange((count, isRaised) => (isRaised ? 0 : count));

/** A limit that is lowered takes half of what was used with it. */
export const halvingUse = () => whereLimitsChange((count, isRaised) => (isRaised ? count : Math.floor(count / 2)));

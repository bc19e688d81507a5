import { shown } from "../../core/misuse.ts";
import { createAsker } from "../ask.ts";
import type { CheckedOptions } from "../checked-options.ts";
import { createLevel, type Level } from "../level.ts";
import { claimName } from "../names.ts";
import type { RegionPlan } from "./plan.ts";
import { createRegionalCheck } from "./regional-check.ts";

/** The letters of the algorithms that can be split: each of their units is one, wherever it is counted. */
const DIVISIBLE = ["b", "s", "f", "p", "c"];

/** The part of the deadline from which on lateness is the database's own failure: no hop of the first three is shorter. */
const FAIR_PART = 8;

/** The level of a limiter whose quota is split over several databases; throws a `RangeError` where its policies can't be. */
export function regionalLevel(options: CheckedOptions, plan: RegionPlan): Level {
  const { name, policies, timeoutMs, tell } = options;
  for (const policy of Array.isArray(policies) ? policies : []) {
    if (policy?.algorithm && !DIVISIBLE.includes(policy.algorithm.code)) {
      throw new RangeError(
        `regions don't go with the algorithm of the policy ${shown(policy.name)}: its counts can't be split`,
      );
    }
  }
  const levels = plan.stores.map((store, i) => {
    const region = plan.names[i] as string;
    const own: CheckedOptions = {
      ...options,
      store,
      tell: tell && ((event) => tell({ ...event, ...(event.type === "store" && { region }) })),
    };
    return { ...createLevel(own), asker: createAsker(own, timeoutMs / FAIR_PART) };
  });
  const whole = splitLevel({ ...options, details: { regions: plan.names } }, plan, levels);
  // Not the counts of a limiter that has the database for itself.
  const claimed = policies.map((policy) => ({ ...policy, name: `${policy.name} over ${plan.names.join("+")}` }));
  for (const store of plan.stores) claimName(store, name, claimed);
  return whole;
}

function splitLevel(options: CheckedOptions, plan: RegionPlan, levels: readonly Level[]): Level {
  return {
    // Nothing is seen of the whole, so nothing is remembered of it.
    ...createLevel({ ...options, snapshots: undefined }),
    options,
    forget(place, clock, call) {
      for (const level of levels) level.forget(place, clock, call);
    },
    forgetAll() {
      for (const level of levels) level.forgetAll?.();
    },
    check: (level) => createRegionalCheck(level, levels, plan),
    each: (wrap) => splitLevel(options, plan, levels.map(wrap)),
  };
}

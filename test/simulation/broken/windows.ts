import { calendar } from "../../../src/algorithm/calendar.ts";
import { fixedWindow } from "../../../src/algorithm/policy.ts";
import { slidingParts } from "../../../src/algorithm/scripts.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import { TWINS, type Twin } from "../redis/twin.ts";
import type { LimiterRule } from "../world/history.ts";
import { plainOptions } from "../world/limiter.ts";
import type { LimiterMaker } from "../world/plan.ts";

/** A part leaves when its first unit is a window old, and not its last. */
export function leavingWithTheFirst(): Twin[] {
  const begun = new Map<string, number>();
  return TWINS.map((twin) => {
    if (twin.script !== slidingParts) return twin;
    const run: Twin["run"] = (keyspace, keys, args, now) =>
      twin.run({ ...keyspace, set: (key, stored, at) => keyspace.set(key, asBegun(key, stored), at) }, keys, args, now);
    return { ...twin, run };
  });

  /** The newest part, which is the last pair of the state, with the time when it was begun. */
  function asBegun<Stored extends { readonly value: unknown }>(key: string, stored: Stored): Stored {
    const value = [...(stored.value as number[])];
    let newest = value.length - 2;
    while (newest > 3 && value[newest + 1] === 0) newest -= 2;
    if (value[newest + 1] === 1) begun.set(key, value[newest] as number);
    value[newest] = begun.get(key) ?? (value[newest] as number);
    value[2] = value[newest] as number;
    return { ...stored, value };
  }
}

/** Days whose midnight stays where it is in winter. */
export const wintering: LimiterMaker = (parts) => {
  const [{ name, limit }] = parts.rule.policies as [LimiterRule["policies"][number]];
  const days = fixedWindow({ name, limit, window: calendar("1 day", { timeZone: "Etc/GMT-1" }) });
  return createLimiter({ ...plainOptions(parts), policies: [days] });
};

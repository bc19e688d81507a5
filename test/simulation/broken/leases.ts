import { grants, grantsWindows } from "../../../src/algorithm/scripts.ts";
import type { Call } from "../../../src/limiter/call.ts";
import type { Extension } from "../../../src/limiter/extension.ts";
import { leasedLevel } from "../../../src/limiter/leases/leased-level.ts";
import { leasedWindows } from "../../../src/limiter/leases/leased-windows.ts";
import { leases } from "../../../src/limiter/leases/leases.ts";
import type { Level } from "../../../src/limiter/level.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import { TWINS, type Twin } from "../redis/twin.ts";
import { plainOptions } from "../world/limiter.ts";
import type { LimiterMaker } from "../world/plan.ts";

/** A limiter whose leases are changed. */
const leasing =
  (change: (maxMs: number) => Extension): LimiterMaker =>
  (parts) =>
    createLimiter({ ...plainOptions(parts), leases: parts.rule.leases && change(parts.rule.leases.maxMs) });

/** Units may be spent for three times as long as the burst is lowered for. */
export const endingLate = leasing((maxMs) => ({
  ...leases({ maxMs }),
  level: (level) => leasedLevel(level, 3 * maxMs, 1000),
}));

/** A full bucket is taken, and what refills while a lease lasts on top. */
export const unlowered = leasing((maxMs) => ({ ...leases({ maxMs }), options: (options) => options }));

/** Units of one period may be spent in the next. */
export const outlastingPeriods = leasing((maxMs) => {
  const windows = leasedWindows();
  return leases({ maxMs, windows: { ...windows, leftMs: (...of) => windows.leftMs(...of) && Infinity } });
});

/** A window in parts is as long as without leases. */
export const unlengthened = leasing((maxMs) =>
  leases({ maxMs, windows: { ...leasedWindows(), policy: (policy) => policy } }),
);

/** Of regions: leases whose answers without asking are changed. */
const leasingIn = (change: (known: Level["known"]) => Level["known"]) =>
  leasing((maxMs) => {
    const leased = (level: Level): Level => {
      const whole = leasedLevel(level, maxMs, 1000);
      return { ...whole, known: change(whole.known) };
    };
    return { ...leases({ maxMs }), level: (level) => level.each?.(leased) ?? level };
  });

/** Of regions: a call that is served from what is held uses nothing up. */
export const spendingAgain = leasingIn((known) => (call, clock) => {
  const looked = call.task === "consume" ? known({ ...call, task: "peek" }, clock) : undefined;
  return looked?.allowed ? looked : known(call, clock);
});

/** Of regions: a call that is served from what is held uses up what its first policy costs, and of the others nothing. */
export const sparingOthers = leasingIn((known) => (call, clock) => {
  const own: Call = { ...call, costs: call.costs.map((cost, i) => (i === 0 ? cost : 0)) };
  const decision = known(own, clock);
  if (own.servedFrom) call.servedFrom = own.servedFrom;
  return decision;
});

/** What is granted ahead is not debited, and neither is the call that asks for it. */
export function grantingFreely(): readonly Twin[] {
  return TWINS.map((twin) => ({
    ...twin,
    run(keyspace, ...command) {
      return twin.run(twin.script === grants ? { ...keyspace, set: () => {} } : keyspace, ...command);
    },
  }));
}

/** What comes back counts as taken just now: nothing of it has refilled, and it is of this window. */
export function crediting(): readonly Twin[] {
  return TWINS.map((twin) => {
    if (twin.script !== grants && twin.script !== grantsWindows) return twin;
    return {
      ...twin,
      run(keyspace, keys, args, now) {
        const changed = [...args];
        // The time when it was taken is the fourth number of each key; here there is one key.
        if (changed[4] !== "0") changed[4] = `${now}`;
        return twin.run(keyspace, keys, changed, now);
      },
    };
  });
}

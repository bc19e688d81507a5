import type { CallMade } from "../world/history.ts";
import type { Accounts } from "./accounts.ts";
import type { Judge } from "./judge.ts";
import { levelsOf, memberOf } from "./levels.ts";

interface Told {
  readonly isolate: number;
  /** By the isolate's clock. */
  readonly passesAt: number;
  /** How often the key had been written when the database denied. */
  readonly writes: number;
  readonly member: number | undefined;
}

export function retriesJudge(): Judge {
  /** Writes to a key when a call was carried out, by call. */
  const seen = new Map<number, number>();
  const told = new Map<number, Told>();
  /** Calls that came back and must pass. */
  const due = new Map<number, Told>();
  const clocksSet = new Set<number>();

  return {
    name: "retries",
    promise:
      "Who was denied by the store and comes back to the same isolate when told to, by its clock, passes if nothing else was written to the key meanwhile, unless its isolate still remembers what was in use before another call gave back, for the snapshot's greatest age. By the database's clock a snapshot may tell a ms more: both clocks tell whole ms.",
    see(happening, { rulings, accounts, complain }) {
      // Of several asked in order the first to be asked may be written to before the last answers.
      for (const { call } of rulings) {
        if (call.comesBack && !(call.limiter.members && seen.has(call.id))) seen.set(call.id, writesOf(call, accounts));
      }
      if (happening.type === "clock") clocksSet.add(happening.isolate);
      if (happening.type === "called" && happening.call.follows !== undefined) {
        const { id, follows, isolate } = happening.call;
        const before = told.get(follows);
        told.delete(follows);
        if (before?.isolate === isolate && !clocksSet.has(isolate) && happening.now >= before.passesAt)
          due.set(id, before);
      }
      if (happening.type === "rejected") due.delete(happening.call.id);
      if (happening.type !== "answered" || !happening.call.comesBack) return;
      const { call, decision, now } = happening;
      const before = due.get(call.id);
      const writes = seen.get(call.id);
      due.delete(call.id);
      seen.delete(call.id);
      if (!decision || decision.allowed || decision.source === "fallback" || decision.source === "memory") return;
      const isOutdated = decision.source === "snapshot" && gaveBackLately(call, accounts, happening.at);
      const isRounded = decision.source === "snapshot" && call.limiter.clock === "redis" && decision.retryAfterMs <= 1;
      // Of several asked in order another denies where the one that told could not be asked.
      const isOther = before?.member !== memberOf(call, decision);
      if (before && !isOther && !isOutdated && !isRounded && writesOf(call, accounts) === before.writes) {
        complain(`${call.key} was denied again when it came back, though nothing else was written`);
      }
      if (decision.source === "store" && writes !== undefined) {
        told.set(call.id, {
          isolate: call.isolate,
          passesAt: now + decision.retryAfterMs,
          writes,
          member: memberOf(call, decision),
        });
      }
    },
  };
}

/** Writes to all keys that the call concerns. */
function writesOf(call: CallMade, accounts: Accounts): number {
  return levelsOf(call).reduce((sum, level) => sum + (accounts.of(level)?.writes ?? 0), 0);
}

/** Whether units came back so lately that a snapshot may be older: answers overtake each other, so it need not be the last. */
function gaveBackLately(call: CallMade, accounts: Accounts, at: number): boolean {
  return levelsOf(call).some((level) => {
    const withinMs = (level.rule.snapshots?.maxAgeMs ?? 0) + level.rule.timeoutMs;
    return accounts.of(level)?.givenBack.some((one) => at - one.at <= withinMs);
  });
}

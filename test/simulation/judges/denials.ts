import type { Judge } from "./judge.ts";
import { memberOf } from "./levels.ts";

export function denialsJudge(): Judge {
  /** Calls that took something, while they are under way: of which of several asked in order. */
  const took = new Map<number, Set<number | undefined>>();
  /** Calls that were denied on the counts: the member that denied, of several asked in order. */
  const denied = new Map<number, number | undefined>();
  return {
    name: "denials",
    promise:
      "A denial takes nothing: a database that denies writes nothing, and who was denied on the counts has taken nothing and takes nothing later.",
    see(happening, { rulings, complain }) {
      for (const { call, step, purpose, member } of rulings) {
        if (!step.allowed && step.wrote) complain(`a denied ${call.operation} has written ${step.key}`);
        if (!step.allowed || purpose !== "take") continue;
        if (denied.has(call.id) && denied.get(call.id) === member)
          complain(`${call.key} was denied, and ${call.cost} were taken afterwards`);
        took.set(call.id, (took.get(call.id) ?? new Set()).add(member));
      }
      if (happening.type === "rejected") took.delete(happening.call.id);
      if (happening.type !== "answered") return;
      const { call, decision } = happening;
      const member = memberOf(call, decision);
      const hasTaken = took.get(call.id)?.has(member);
      took.delete(call.id);
      if (!decision || decision.allowed || (decision.source !== "store" && decision.source !== "snapshot")) return;
      if (hasTaken) complain(`${call.key} was denied, and ${call.cost} were taken`);
      denied.set(call.id, member);
    },
  };
}

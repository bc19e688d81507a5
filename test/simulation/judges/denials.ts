import type { Judge } from "./judge.ts";

export function denialsJudge(): Judge {
  /** Calls that took something, while they are under way. */
  const took = new Set<number>();
  /** Calls that were denied on the counts. */
  const denied = new Set<number>();
  return {
    name: "denials",
    promise:
      "A denial takes nothing: a database that denies writes nothing, and who was denied on the counts has taken nothing and takes nothing later.",
    see(happening, { rulings, complain }) {
      for (const { call, step, purpose } of rulings) {
        if (!step.allowed && step.wrote) complain(`a denied ${call.operation} has written ${step.key}`);
        if (!step.allowed || purpose !== "take") continue;
        if (denied.has(call.id)) complain(`${call.key} was denied, and ${call.cost} were taken afterwards`);
        took.add(call.id);
      }
      if (happening.type === "rejected") took.delete(happening.call.id);
      if (happening.type !== "answered") return;
      const { call, decision } = happening;
      const hasTaken = took.delete(call.id);
      if (!decision || decision.allowed || (decision.source !== "store" && decision.source !== "snapshot")) return;
      if (hasTaken) complain(`${call.key} was denied, and ${call.cost} were taken`);
      denied.add(call.id);
    },
  };
}

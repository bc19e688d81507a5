import type { Judge } from "./judge.ts";
import { levelsOf } from "./levels.ts";

export function togetherJudge(): Judge {
  /** How often each level of a set was written for a call under way. */
  const taken = new Map<number, number[]>();
  return {
    name: "together",
    promise:
      "Of several limiters in one verdict all take or none does: what one denies is written to none, what all allow to each, by one command, and a denied call has taken nothing of any.",
    see(happening, { rulings, complain }) {
      if (happening.type === "rejected" || happening.type === "killed") return;
      for (const { call, step, level, key, purpose } of rulings) {
        if (!call.limiter.levels) continue;
        const whole = rulings.every((other) => other.step.allowed);
        if (step.allowed !== whole || (step.wrote && !whole)) {
          complain(
            `${key} of ${call.key} was ${step.wrote ? "written" : "let pass"} although another level was denied`,
          );
        }
        if (whole && !step.wrote) complain(`${key} of ${call.key} was not written although all levels were`);
        if (purpose !== "take" || !step.allowed) continue;
        const counts = taken.get(call.id) ?? call.limiter.levels.map(() => 0);
        counts[level] = (counts[level] ?? 0) + 1;
        taken.set(call.id, counts);
      }
      if (happening.type !== "answered") return;
      const { call, decision } = happening;
      const counts = taken.get(call.id);
      taken.delete(call.id);
      if (!counts || !decision) return;
      if (counts.length !== levelsOf(call).length || new Set(counts).size > 1) {
        complain(`${call.operation} on ${call.key} took of its levels ${counts.join(", ")} times`);
      }
      const isKnown = decision.source === "store" || decision.source === "snapshot";
      if (isKnown && !decision.allowed)
        complain(`${call.key} was denied, and its levels took ${counts.join(", ")} times`);
    },
  };
}

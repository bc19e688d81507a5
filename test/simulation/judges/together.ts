import type { Judge } from "./judge.ts";
import { levelsOf, memberOf } from "./levels.ts";

export function togetherJudge(): Judge {
  /** How often each level of a set was written for a call under way. */
  const taken = new Map<number, number[]>();
  return {
    name: "together",
    promise:
      "Of several limiters in one verdict all take or none does: what one denies is written to none, what all allow to each, by one command, and a denied call has taken nothing of any.",
    see(happening, { rulings, complain }) {
      if (happening.type === "rejected" || happening.type === "killed") return;
      for (const { call, step, level, member, key, purpose } of rulings) {
        const { levels, members } = call.limiter;
        if (!levels && !members?.[member ?? -1]?.levels) continue;
        const whole = rulings.every((other) => other.step.allowed);
        if (step.allowed !== whole || (step.wrote && !whole)) {
          complain(
            `${key} of ${call.key} was ${step.wrote ? "written" : "let pass"} although another level was denied`,
          );
        }
        if (whole && !step.wrote) complain(`${key} of ${call.key} was not written although all levels were`);
        if (purpose !== "take" || !step.allowed) continue;
        const counts = taken.get(call.id) ?? levelsOf(call).map(() => 0);
        counts[level] = (counts[level] ?? 0) + 1;
        taken.set(call.id, counts);
      }
      if (happening.type !== "answered") return;
      const { call, decision } = happening;
      const all = taken.get(call.id);
      taken.delete(call.id);
      if (!all || !decision) return;
      const isDenied = !decision.allowed && (decision.source === "store" || decision.source === "snapshot");
      const levels = levelsOf(call);
      for (const member of new Set(levels.map((level) => level.member))) {
        const counts = levels.filter((level) => level.member === member).map(({ index }) => all[index] ?? 0);
        if (new Set(counts).size > 1) {
          complain(`${call.operation} on ${call.key} took of its levels ${counts.join(", ")} times`);
        }
        // What another of several in order has taken, its answer may have been lost.
        if (isDenied && memberOf(call, decision) === member && counts.some((count) => count > 0))
          complain(`${call.key} was denied, and its levels took ${counts.join(", ")} times`);
      }
    },
  };
}

import type { CallMade } from "../world/history.ts";
import type { Judge } from "./judge.ts";
import { levelsOf, memberOf } from "./levels.ts";

/** What a call took of one of its limiters. */
interface Taking {
  readonly key: string;
  /** The time at which it counts. */
  readonly at: number;
}

export function settlementsJudge(): Judge {
  /** By call, and by its limiters. */
  const takings = new Map<number, Map<number, Taking>>();
  /** By call: the one of several in order whose answer it got. */
  const takers = new Map<number, number>();
  /** By reservation: the limiters that it is settled with. */
  const settled = new Map<number, Set<number>>();

  /** By call that books otherwise: the limiters that were asked to. */
  const booked = new Map<number, Set<number>>();

  /** Those of the limiters that took for a call that one which books otherwise has left out, if it has asked any. */
  function leftOut(call: CallMade, of: CallMade): string | undefined {
    const own = booked.get(call.id);
    booked.delete(call.id);
    const missing = levelsOf(of).filter(({ index, member }) => member === takers.get(of.id) && !own?.has(index));
    return own && missing.length > 0 ? missing.map(({ rule }) => rule.name).join(", ") : undefined;
  }

  /** Whatever is settled, given back or booked for a call: why it must not be, or undefined. */
  function wrongOf(call: CallMade, of: CallMade, level: number, key: string, sinces: readonly (number | undefined)[]) {
    const taking = takings.get(of.id)?.get(level);
    const taker = takers.get(of.id);
    if (taker !== undefined && taker !== levelsOf(of)[level]?.member)
      return `though call ${of.id} has it from ${of.limiter.members?.[taker]?.name}`;
    // What was spent is booked, be it that an answer by failure mode has taken nothing.
    if (!taking && call.operation === "charge") return undefined;
    if (!taking) return `though call ${of.id} has taken nothing there`;
    if (taking.key !== key) return `though call ${of.id} was for ${taking.key}`;
    if (sinces.some((since) => since !== taking.at)) {
      return `as taken at ${sinces.join(" and ")}, though it counts as of ${taking.at}`;
    }
    if (call.operation !== "settle") return undefined;
    const levels = settled.get(of.id) ?? new Set();
    settled.set(of.id, levels);
    if (levels.has(level)) return `a second time for call ${of.id}`;
    levels.add(level);
    return undefined;
  }

  return {
    name: "settlements",
    promise:
      "What is settled, given back or booked for a call goes to all limiters that took its cost, and to nobody else, as of the time at which it counts; a reservation is settled once, however often its caller asks for it.",
    see(happening, { rulings, complain }) {
      for (const { call, level, key, purpose, step, at } of rulings) {
        if (purpose === "take" && step.allowed && call.afterwards) {
          takings.set(call.id, (takings.get(call.id) ?? new Map<number, Taking>()).set(level, { key, at }));
        }
        if (!call.of) continue;
        booked.set(call.id, (booked.get(call.id) ?? new Set()).add(level));
        const sinces = step.sinces.filter((_since, i) => (step.deltas[i] ?? 0) < 0);
        const wrong = wrongOf(call, call.of, level, key, sinces);
        if (wrong) complain(`${call.operation} of ${call.cost} on ${key} was asked for ${wrong}`);
      }
      if (happening.type !== "answered") return;
      const { call, decision } = happening;
      const missing = call.of && leftOut(call, call.of);
      if (missing) complain(`${call.operation} of ${call.cost} for call ${call.of?.id} has left out ${missing}`);
      const member = call.afterwards && memberOf(call, decision);
      if (member !== undefined) takers.set(call.id, member);
    },
  };
}

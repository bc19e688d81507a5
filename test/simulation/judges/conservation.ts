import type { CallMade } from "../world/history.ts";
import type { Ruling } from "./accounts.ts";
import type { Judge } from "./judge.ts";
import { levelsOf } from "./levels.ts";

/** Units of each limiter's first policy, summed over a world. */
export interface Sums {
  /** What databases took. */
  debited: number;
  /** Of it: what callers were told that they have, what they gave back, and what nobody heard of. */
  used: number;
  givenBack: number;
  lost: number;
  /** What was taken by calls still under way. */
  open: number;
}

export const noSums = (): Sums => ({ debited: 0, used: 0, givenBack: 0, lost: 0, open: 0 });

/** Units by the call's limiter; a hole where nothing was taken. */
type ByLevel = readonly (number | undefined)[];

const sumOf = (units: ByLevel) => units.reduce<number>((sum, each) => sum + (each ?? 0), 0);

/** Adds up into `sums`. */
export function conservationJudge(sums: Sums = noSums()): Judge {
  /** Takings of calls under way. */
  const taken = new Map<number, ByLevel>();
  /** What calls took that ended without it. */
  const lost = new Map<number, ByLevel>();
  /** Calls whose isolate has heard that they took. */
  const heard = new Set<number>();
  /** What calls have given back to. */
  const gave = new Map<number, readonly number[]>();
  /** Calls under way, by isolate. */
  const alive = new Map<number, Set<number>>();

  return {
    name: "conservation",
    promise:
      "Debited = used + given back + lost: a call debits its cost at most once and exactly once of each of its limiters where the store admits it, a refund gives back its cost and nothing else does, and only what a call took whose answer did not arrive is lost.",
    see(happening, { rulings, complain }) {
      for (const ruling of rulings) booked(ruling, complain);
      if (happening.type === "called") note(happening.call);
      if (happening.type === "replied" && !happening.failed && taken.has(happening.call.id))
        heard.add(happening.call.id);
      if (happening.type === "killed") {
        for (const id of alive.get(happening.isolate) ?? []) lose(id);
        alive.delete(happening.isolate);
      }
      if (happening.type === "rejected") {
        alive.get(happening.call.isolate)?.delete(happening.call.id);
        heard.delete(happening.call.id);
        lose(happening.call.id);
      }
      if (happening.type === "answered") {
        const { call, decision } = happening;
        alive.get(call.isolate)?.delete(call.id);
        const units = taken.get(call.id);
        const isTaking = call.operation === "consume" || call.operation === "wait" || call.operation === "charge";
        if (isTaking && decision?.source === "store" && decision.allowed) {
          if (levelsOf(call).some((_level, i) => units?.[i] === undefined))
            return complain(`${call.operation} of ${call.cost} on ${call.key} was admitted and never debited`);
          taken.delete(call.id);
          sums.open -= sumOf(units as ByLevel);
          sums.used += sumOf(units as ByLevel);
        } else {
          if (heard.has(call.id))
            complain(`${call.operation} on ${call.key} took, the answer arrived, and it was dropped`);
          lose(call.id);
        }
        heard.delete(call.id);
      }
      if (happening.type === "ended" && sums.debited !== sums.used + sums.givenBack + sums.lost + sums.open) {
        complain(`debited ${sums.debited}, used ${sums.used}, given back ${sums.givenBack}, lost ${sums.lost}`);
      }
    },
  };

  function note({ id, isolate }: CallMade): void {
    const calls = alive.get(isolate) ?? new Set();
    alive.set(isolate, calls.add(id));
  }

  function booked({ call, level, key, purpose, step, units }: Ruling, complain: (text: string) => void): void {
    if (purpose === "look" || !step.allowed) return;
    const [first = 0] = units;
    if (units.some((each) => each !== call.cost)) {
      complain(`${call.operation} of ${call.cost} on ${key} asked a database for ${units.join(", ")}`);
    }
    if (purpose === "take" || purpose === "book") {
      const before = taken.get(call.id) ?? [];
      if (before[level] !== undefined) complain(`${call.operation} of ${call.cost} on ${key} was debited twice`);
      sums.debited += first;
      sums.open += first;
      taken.set(call.id, changed(before, level, first));
      // A request that arrives when nobody waits for it any more.
      if (!alive.get(call.isolate)?.has(call.id)) lose(call.id);
    }
    if (purpose === "give") {
      const before = gave.get(call.id) ?? [];
      if (before.includes(level)) complain(`refund of ${call.cost} on ${key} was given back twice`);
      gave.set(call.id, [...before, level]);
    }
    if (purpose === "leave") {
      // A caller who left: what was debited for it goes back, unless somebody has queued behind it.
      const before = lost.get(call.id) ?? [];
      const units = before[level] ?? 0;
      if (units !== first) complain(`${key} got ${first} back for a call that had taken ${units}`);
      lost.set(call.id, changed(before, level, undefined));
      sums.lost -= units;
      sums.givenBack += units;
    }
  }

  function lose(id: number): void {
    const units = taken.get(id);
    if (units === undefined) return;
    taken.delete(id);
    sums.open -= sumOf(units);
    sums.lost += sumOf(units);
    // What arrives late comes level by level.
    const before = lost.get(id) ?? [];
    lost.set(
      id,
      units.reduce<ByLevel>((all, each, i) => (each === undefined ? all : changed(all, i, each)), before),
    );
  }
}

function changed(units: ByLevel, level: number, to: number | undefined): ByLevel {
  const copy = [...units];
  copy[level] = to;
  return copy;
}

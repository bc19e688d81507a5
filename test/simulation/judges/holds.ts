import type { Happening, KeyStep, WorkRule } from "../world/history.ts";
import { pieceOf } from "../world/piece.ts";
import type { Judge } from "./judge.ts";

export interface HoldFigures {
  held: number;
  /** Pieces that were asked for again: while they were held, and after that. */
  again: number;
  anew: number;
  denied: number;
  extended: number;
  ended: number;
  released: number;
  /** Releases of what had been released or had passed. */
  releasedLate: number;
  /** Holds that nobody released, and whose place was taken after their end. */
  healed: number;
}

export const noHoldFigures = (): HoldFigures => ({
  ...{ held: 0, again: 0, anew: 0, denied: 0, extended: 0, ended: 0, released: 0, releasedLate: 0, healed: 0 },
});

/** One piece of work, by the database's clock: before `until` it has not ended, past `latest` it has. */
interface Hold {
  readonly units: number;
  readonly until: number;
  readonly latest: number;
  /** Whether it was seen to have ended with nobody to release it. */
  readonly isOver?: boolean;
}

type Executed = Extract<Happening, { type: "executed" }>;

/** Of the work that calls do. Calls that ask for one piece of work are one, however many ask and whoever of them does what. */
export function holdsJudge({ name, limit, holdMs, aheadMs }: WorkRule, figures = noHoldFigures()): Judge {
  /** By key, and by piece of work. */
  const places = new Map<string, Map<number, Hold>>();
  const met = new Set<number>();

  function dated(own: Hold | undefined, units: number, at: number, { now }: KeyStep): Hold {
    return {
      units,
      until: Math.max(own?.until ?? 0, Math.min(at, now) + holdMs),
      latest: Math.max(own?.latest ?? 0, at + aheadMs + holdMs),
    };
  }

  const unitsOf = (holds: Map<number, Hold>, counts: (hold: Hold, piece: number) => boolean) =>
    [...holds].reduce((sum, [piece, hold]) => sum + (counts(hold, piece) ? hold.units : 0), 0);

  function took({ call, now: at }: Executed, step: KeyStep, holds: Map<number, Hold>): string | undefined {
    const piece = pieceOf(call);
    const own = holds.get(piece);
    figures[own && own.until > at ? "again" : met.has(piece) ? "anew" : "held"] += 1;
    met.add(piece);
    for (const [other, hold] of holds) {
      // It may be extended as long as its place is free, so it stays in the books.
      if (hold.latest >= at || hold.isOver || other === piece) continue;
      figures.healed += 1;
      holds.set(other, { ...hold, isOver: true });
    }
    holds.set(piece, dated(own, step.deltas[0] ?? 0, at, step));
    const alive = unitsOf(holds, ({ until }) => until > at);
    return alive > limit ? `${alive} of ${limit} are held after call ${call.id} was let in` : undefined;
  }

  function denied({ call, now: at }: Executed, step: KeyStep, holds: Map<number, Hold>): string | undefined {
    figures.denied += 1;
    const piece = pieceOf(call);
    const own = holds.get(piece);
    const units = step.deltas[0] ?? 0;
    if (own && own.until > at && units <= own.units)
      return `call ${call.id} asked again for what is held, and was denied`;
    // A clock that is behind finds what has ended late.
    const lateMs = Math.max(0, at - step.now);
    const most = unitsOf(holds, ({ latest }, other) => other !== piece && latest + lateMs >= at);
    return most + units <= limit
      ? `call ${call.id} was denied ${units} where at most ${most} of ${limit} are held`
      : undefined;
  }

  function extended({ call, now: at }: Executed, step: KeyStep, holds: Map<number, Hold>): string | undefined {
    const piece = pieceOf(call);
    const own = holds.get(piece);
    figures[step.allowed ? "extended" : "ended"] += 1;
    if (step.allowed) holds.set(piece, dated(own, own?.units ?? 0, at, step));
    else holds.delete(piece);
    if (step.allowed || !own || own.until <= at) return undefined;
    return `call ${call.id} ended ${own.until - at} ms early`;
  }

  function released({ call, now: at }: Executed, step: KeyStep, holds: Map<number, Hold>): string | undefined {
    const piece = pieceOf(call);
    const own = holds.get(piece);
    holds.delete(piece);
    figures[step.wrote ? "released" : "releasedLate"] += 1;
    if (step.wrote && !own) return `call ${call.id} has released what was not held`;
    return !step.wrote && own && own.until > at ? `call ${call.id} has released what is held, in vain` : undefined;
  }

  return {
    name: "holds",
    promise:
      "Never more than the limit is held, by the database's clock, where a piece of work counts once however often it is asked for; no hold ends early by the clock of another; nobody is denied without need, so that what nobody released is free a hold later, and what is held already is never denied; whoever of those who asked for a piece releases it frees its place, once.",
    see(happening, { rulings, complain }) {
      if (happening.type === "lost" && happening.all) places.clear();
      if (happening.type !== "executed") return;
      for (const step of happening.steps) {
        if (!step.key.startsWith(`${name}:`) || (step.ceilings[0] ?? 0) < 0) continue;
        const holds = places.get(step.key) ?? new Map<number, Hold>();
        places.set(step.key, holds);
        const delta = step.deltas[0] ?? 0;
        const othersAllow = rulings.every(({ account, allows }) => account.rule.name === name || allows);
        let wrong: string | undefined;
        if (delta < 0) wrong = released(happening, step, holds);
        else if (delta === 0) wrong = extended(happening, step, holds);
        else if (step.allowed) wrong = took(happening, step, holds);
        else if (othersAllow) wrong = denied(happening, step, holds);
        if (wrong) complain(`${wrong}, at ${happening.now} in ${step.key}`);
        if (step.allowed !== happening.steps.every(({ allowed }) => allowed)) {
          complain(`${step.key} was ${step.allowed ? "let pass" : "denied"}, and another key of the call was not`);
        }
      }
    },
  };
}

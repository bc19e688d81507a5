import type { Happening, KeyStep, WorkRule } from "../world/history.ts";
import type { Judge } from "./judge.ts";

export interface HoldFigures {
  held: number;
  denied: number;
  extended: number;
  ended: number;
  released: number;
  /** Holds that nobody released, and whose place was taken after their end. */
  healed: number;
}

export const noHoldFigures = (): HoldFigures => ({
  held: 0,
  denied: 0,
  extended: 0,
  ended: 0,
  released: 0,
  healed: 0,
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

/** Of the work that calls do: each call is one piece, under an id of its own. */
export function holdsJudge({ name, limit, holdMs, aheadMs }: WorkRule, figures = noHoldFigures()): Judge {
  const places = new Map<string, Map<number, Hold>>();
  /** How often a call was let in. */
  const taken = new Map<number, number>();

  function dated(own: Hold | undefined, units: number, at: number, { now }: KeyStep): Hold {
    return {
      units,
      until: Math.max(own?.until ?? 0, Math.min(at, now) + holdMs),
      latest: Math.max(own?.latest ?? 0, at + aheadMs + holdMs),
    };
  }

  const unitsOf = (holds: Map<number, Hold>, counts: (hold: Hold, id: number) => boolean) =>
    [...holds].reduce((sum, [id, hold]) => sum + (counts(hold, id) ? hold.units : 0), 0);

  function took({ call, now: at }: Executed, step: KeyStep, holds: Map<number, Hold>): string | undefined {
    const own = holds.get(call.id);
    figures.held += 1;
    taken.set(call.id, (taken.get(call.id) ?? 0) + 1);
    for (const [id, hold] of holds) {
      // It may be extended as long as its place is free, so it stays in the books.
      if (hold.latest >= at || hold.isOver || id === call.id) continue;
      figures.healed += 1;
      holds.set(id, { ...hold, isOver: true });
    }
    holds.set(call.id, dated(own, step.deltas[0] ?? 0, at, step));
    const alive = unitsOf(holds, ({ until }) => until > at);
    return alive > limit ? `${alive} of ${limit} are held after call ${call.id} was let in` : undefined;
  }

  function denied({ call, now: at }: Executed, step: KeyStep, holds: Map<number, Hold>): string | undefined {
    figures.denied += 1;
    const own = holds.get(call.id);
    const units = step.deltas[0] ?? 0;
    if (own && own.until > at && units <= own.units)
      return `call ${call.id} is held, and was denied when it asked again`;
    // A clock that is behind finds what has ended late.
    const lateMs = Math.max(0, at - step.now);
    const most = unitsOf(holds, ({ latest }, id) => id !== call.id && latest + lateMs >= at);
    return most + units <= limit
      ? `call ${call.id} was denied ${units} where at most ${most} of ${limit} are held`
      : undefined;
  }

  function extended({ call, now: at }: Executed, step: KeyStep, holds: Map<number, Hold>): string | undefined {
    const own = holds.get(call.id);
    figures[step.allowed ? "extended" : "ended"] += 1;
    if (step.allowed) holds.set(call.id, dated(own, own?.units ?? 0, at, step));
    else holds.delete(call.id);
    if (step.allowed || !own || own.until <= at) return undefined;
    return `call ${call.id} ended ${own.until - at} ms early`;
  }

  return {
    name: "holds",
    promise:
      "Never more than the limit is held, by the database's clock; no hold ends early by the clock of another; nobody is denied without need, so that what nobody released is free a hold later; and who is denied holds nothing.",
    see(happening, { rulings, complain }) {
      if (happening.type === "lost" && happening.all) places.clear();
      if (happening.type === "answered" && happening.decision) {
        const { call, decision } = happening;
        const isDenied = !decision.allowed && (decision.source === "store" || decision.source === "snapshot");
        // What was asked for twice may have been let in with the answer that got lost.
        if (isDenied && taken.get(call.id) === 1) complain(`call ${call.id} was denied, and holds a place`);
        taken.delete(call.id);
      }
      if (happening.type !== "executed") return;
      for (const step of happening.steps) {
        if (!step.key.startsWith(`${name}:`) || (step.ceilings[0] ?? 0) < 0) continue;
        const holds = places.get(step.key) ?? new Map<number, Hold>();
        places.set(step.key, holds);
        const delta = step.deltas[0] ?? 0;
        const othersAllow = rulings.every(({ account, allows }) => account.rule.name === name || allows);
        let wrong: string | undefined;
        if (delta < 0) {
          figures.released += Number(step.allowed && holds.has(happening.call.id));
          holds.delete(happening.call.id);
        } else if (delta === 0) wrong = extended(happening, step, holds);
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

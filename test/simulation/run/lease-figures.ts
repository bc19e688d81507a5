import { levelsOf } from "../judges/levels.ts";
import type { Happening } from "../world/history.ts";

/** Units of each limiter's first policy that isolates took ahead, and what became of them. */
export interface LeaseFigures {
  granted: number;
  /** Of them: spent by calls, and brought back by a later request. */
  served: number;
  givenBack: number;
  /** Held by an isolate, or on their way to it, when it ended. */
  stranded: number;
  /** Not spent in time, or granted by an answer that did not arrive. */
  unused: number;
}

export const noLeaseFigures = (): LeaseFigures => ({ granted: 0, served: 0, givenBack: 0, stranded: 0, unused: 0 });

/** Counts into `figures` what happens. */
export function createLeaseCount(figures: LeaseFigures): (happening: Happening) => void {
  /** What isolates that live have, by isolate. */
  const held = new Map<number, number>();
  const gone = new Set<number>();
  /** Calls that were served from what their isolate had: a request of theirs is for later calls alone. */
  const answered = new Set<number>();

  function hold(isolate: number, units: number): void {
    // A request of an isolate that has ended meanwhile.
    if (gone.has(isolate)) figures.stranded += units;
    else held.set(isolate, (held.get(isolate) ?? 0) + units);
  }

  return (happening) => {
    if (happening.type === "executed") {
      for (const { lease } of happening.steps) {
        if (!lease) continue;
        const units = lease.granted + (answered.has(happening.call.id) ? lease.own : 0);
        figures.granted += units;
        figures.givenBack += lease.back;
        hold(happening.call.isolate, units - lease.back);
      }
    } else if (happening.type === "answered") {
      const { call, decision } = happening;
      if (!decision?.allowed || (call.operation !== "consume" && call.operation !== "wait")) return;
      const parts = "parts" in decision ? (decision.parts as Readonly<Record<string, { source: string }>>) : undefined;
      const levels = levelsOf(call).filter(({ rule }) => (parts?.[rule.name] ?? decision).source === "lease");
      if (levels.length > 0) answered.add(call.id);
      figures.served += levels.length * call.cost;
      hold(call.isolate, -levels.length * call.cost);
    } else if (happening.type === "killed") {
      figures.stranded += held.get(happening.isolate) ?? 0;
      held.delete(happening.isolate);
      gone.add(happening.isolate);
    } else if (happening.type === "ended") {
      for (const units of held.values()) figures.unused += units;
    }
  };
}

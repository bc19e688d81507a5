import type { Decision } from "../core/decision.ts";
import type { Operation } from "../core/event.ts";
import { amountsOf } from "./by-level.ts";
import type { HoldQuestion } from "./in-flight/level.ts";
import type { Level } from "./level.ts";
import type { Question } from "./methods.ts";

/** Which of several limiters hold work in flight, if any; the others count what has been. */
export interface Holding {
  /** The methods of limiters that hold. */
  readonly methods: Level["methods"] | undefined;
  readonly names: readonly string[];
  /** Whether all of them hold. */
  readonly alone: boolean;
  /** What each level is asked to pay: work takes one place unless a record names its level, whatever it costs elsewhere. */
  costs(cost: unknown): unknown[];
  /** Whether a question goes to that level: a hold is released and extended where it was taken, all else is given back elsewhere. */
  isAsked(name: string, question: Question, part: unknown): boolean;
  /** Whether the level's observers are told of an operation. */
  isTold(name: string, operation: Operation): boolean;
}

export function holdingOf(members: readonly { readonly name: string; readonly level: Level }[]): Holding {
  const all = members.map(({ name }) => name);
  const those = members.filter(({ level }) => level.holds);
  const names = those.map(({ name }) => name);
  return {
    methods: those[0]?.level.methods,
    names,
    alone: names.length === all.length,

    costs(cost) {
      const isNamed = typeof cost === "object" && cost !== null;
      const places = names.length > 0 ? amountsOf("cost", all, isNamed ? cost : undefined, undefined) : [];
      return amountsOf("cost", all, cost, 0).map((own, i) => (names.includes(all[i] as string) ? places[i] : own));
    },

    isAsked(name, { task, settles, options }, part) {
      if (task === "consume" || task === "peek") return true;
      const holds = names.includes(name);
      if (settles || !(options as Partial<HoldQuestion> | undefined)?.named) return !holds;
      const { source } = (part ?? {}) as Partial<Decision>;
      return holds && (source === "store" || source === "memory");
    },

    isTold(name, operation) {
      const holds = names.includes(name);
      if (operation === "release" || operation === "extend") return holds;
      return !holds || (operation !== "settle" && operation !== "refund");
    },
  };
}

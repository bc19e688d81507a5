import type { Decision } from "../core/decision.ts";
import { withoutInfinity } from "./json.ts";

/** What a reservation can do beside telling the decision on it. The methods need no `this`, and JSON and copies leave them out. */
export interface Reservation<Answer extends Decision, Amounts> {
  /**
   * Books what was really used in place of what was reserved: gives the difference back, as far as it still counts, or charges
   * it, in one request that is never denied. `actual` is a whole number from 0, or by name as the cost was; what a record leaves
   * out counts as used up. Where nothing was taken (denied, or nobody counts it), and where exactly what was reserved was used, it asks
   * nobody and resolves to the decision itself, whose numbers are those of then. Counts once: later calls resolve to the outcome of the first. Never rejects but on misuse, after which it can be called again;
   * where the store could not be asked, the outcome's `source` is `"fallback"`, and what was reserved stays spent.
   */
  settle(actual: Amounts): Promise<Answer>;
  /** Ends work in flight; a limiter that has none does nothing. */
  release(): Promise<void>;
  /** Lengthens work in flight; a limiter that has none resolves to false. */
  extend(): Promise<boolean>;
  /** For `await using`: as never settled, and so gives back at once what `unsettled: "returned"` says. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The decision on a reservation, and its methods. */
export type Reserved<Answer extends Decision, Amounts> = Answer & Reservation<Answer, Amounts>;

/** The decision on a reservation with its methods; `settle` books what was used, once. */
export function reserved<Answer extends Decision, Amounts>(
  decision: Answer,
  settle: (actual: unknown) => Promise<Answer>,
  returns: boolean,
): Reserved<Answer, Amounts> {
  // These count a call, so that it can be booked otherwise.
  const isBooked = decision.allowed && /store|lease|memory/.test(decision.source);
  let outcome: Promise<Answer> | undefined = isBooked ? undefined : Promise.resolve<Answer>(decision);
  const methods: Reservation<Answer, Amounts> = {
    settle(actual) {
      outcome ??= settle(actual).catch((error: unknown): never => {
        outcome = undefined;
        throw error;
      });
      return outcome;
    },
    release: async () => {},
    extend: async () => false,
    async [Symbol.asyncDispose]() {
      if (returns) await methods.settle(0 as Amounts);
    },
  };
  // As a prototype, so that copies, clones and JSON of it are a plain decision.
  return withoutInfinity(Object.assign(Object.create(methods), decision));
}

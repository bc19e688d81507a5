import type { Decision } from "../core/decision.ts";
import type { Unchecked } from "./call-options.ts";
import type { Methods } from "./methods.ts";

/** Several limiters as one, as an `anyOf` needs them. */
export interface Combination {
  /** The names of its levels. */
  readonly names: readonly string[];
  readonly now: () => number;
  /** The same with failure mode `"closed"`. */
  closed(): Methods<Readonly<Record<string, string>>, Decision, unknown>;
  /** Throws a `TypeError` or `RangeError` if a call's options are none of theirs. */
  check(options: Unchecked): void;
}

/** By the object that `allOf` made. Here, so that who imports one of both does not ship the other. */
export const combinations = new WeakMap<object, Combination>();

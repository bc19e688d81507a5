import type { PenaltyNumbers } from "../../algorithm/penalty.ts";
import { type Duration, durationMs } from "../../core/duration.ts";
import { misuse } from "../../core/misuse.ts";
import { wholeNumber } from "../../core/whole-number.ts";
import type { CheckedOptions } from "../checked-options.ts";
import type { Bringing } from "../extension.ts";
import { penaltyLevel } from "./level.ts";

/** The most strikes that are counted: each takes six bytes until it is forgotten. */
const MAX_STRIKES = 100;

export interface PenaltyOptions {
  /** How many denials of a key lead to a block, a whole number from 1 to 100. */
  after: number;
  /** In what time they have to come, 1 ms to 366 days: milliseconds or `"10 m"`. */
  within: Duration;
  /** How long the key is blocked then, 1 ms to 366 days. */
  for: Duration;
  /**
   * How many times as long the next block is, a whole number from 1 to 100. One step of it is forgotten for each `within` after a block
   * without another one. Default 1: all are as long.
   */
  factor?: number | undefined;
  /** The longest block that comes of that, from `for` to 366 days. Default: 366 days. */
  most?: Duration | undefined;
}

/** A `penalty` among a limiter's policies: it has no cost, no limit and no quota. */
export interface Penalty extends Bringing {
  readonly penalty: PenaltyNumbers;
}

const MAX_BLOCK = "366 d";

/**
 * Blocks keys that go on after they were denied: `after` denials `within` a time, and the key is denied everything `for` a time, as in
 * `policies: [slidingWindow({ limit: 5, window: "1 m" }), penalty({ after: 10, within: "10 m", for: "1 h" })]`. Only denials by the limiter's
 * own policies count, of `consume` and `reserve`: not a `peek`, nor a `wait`. The limiter then has `block(key, for)`, and `reset`
 * pardons. Goes with all policies but `slidingLog` and `inFlight`. Throws a `TypeError` or `RangeError` that names the option.
 */
export function penalty(options: PenaltyOptions): Penalty {
  if (typeof options !== "object" || options === null) throw misuse("The options of penalty", "an object", options);
  const { factor = 1, most = MAX_BLOCK } = options;
  const numbers: PenaltyNumbers = {
    after: wholeNumber("after", options.after, 1, MAX_STRIKES),
    within: durationMs("within", options.within),
    length: durationMs("for", options.for),
    factor: wholeNumber("factor", factor, 1, 100),
    most: durationMs("most", most),
  };
  if (numbers.most < numbers.length) throw misuse("most", "at least as long as for", most, true);
  const own: Penalty = Object.freeze({
    penalty: Object.freeze(numbers),
    brings: {
      options: (options: CheckedOptions) => without(own, options),
      level: (level) => penaltyLevel(level, numbers),
    },
  } satisfies Penalty);
  return own;
}

/** The options without what is no policy. */
function without(own: Penalty, options: CheckedOptions): CheckedOptions {
  const { store } = options;
  const policies = options.policies.filter((policy: object) => policy !== own);
  if (policies.length < options.policies.length - 1 || policies.some((policy) => policy && "penalty" in policy)) {
    throw new RangeError("policies must have one penalty at most");
  }
  if ("level" in store)
    throw new RangeError("a penalty doesn't go with regions: each database would have strikes of its own");
  if (store.remote && !store.run) throw misuse("store", "one that runs scripts on several keys, with penalty", store);
  return { ...options, policies, details: { penalty: own.penalty } };
}

import type { Policy } from "../../../src/algorithm/policy.ts";

/** One call and its answer; times in ms, `at` counted from a midnight. */
export type Row = readonly [
  at: number,
  /**
   * As in "consume 3", "peek 1", "refund 2", "refund 2 since 4000", "charge 5", "consume 1 limit 20", "consume 1 maxDelayMs 500"; "leave 1
   * until 500" waits for one, leaves the queue at that time, and tells what a peek tells then.
   */
  call: string,
  allowed: boolean,
  remaining: number,
  retryAfterMs: number,
  resetAfterMs: number,
  delayMs?: number,
];

/** Calls on one key, in their order. */
export interface Vector {
  readonly title: string;
  readonly policy: Policy;
  readonly rows: readonly Row[];
}

/** One call on several policies: the policy that binds, and what remains of each. */
export type SetRow = readonly [
  at: number,
  /** As above; amounts by policy name as in "consume requests=1,tokens=850". */
  call: string,
  allowed: boolean,
  policy: string,
  remaining: readonly number[],
  retryAfterMs: number,
  resetAfterMs: number,
  delayMs?: number,
];

export interface SetVector {
  readonly title: string;
  readonly policies: readonly Policy[];
  readonly rows: readonly SetRow[];
}

export const yes = true;
export const no = false;
export const never = Infinity;

/** The largest limit of a window of one day, where limit × window comes closest to 2^53. */
export const MOST_PER_DAY = 104_249_991;

import { inFlight } from "sluice";

/** One call and its answer, as in "hold a 2", "release a", "extend a", "peek 1"; times in ms, `at` counted from a midnight. */
export type Row = readonly [
  at: number,
  call: string,
  /** Whether it was allowed; whether the hold was there to be extended; nothing tells that of a release. */
  done: boolean,
  remaining: number,
  retryAfterMs: number,
  resetAfterMs: number,
];

export interface Vector {
  readonly title: string;
  readonly limit: number;
  readonly rows: readonly Row[];
}

export const HOLD_MS = 10_000;
export const policyOf = ({ limit }: Vector) => inFlight({ limit, hold: HOLD_MS });

export const vectors: readonly Vector[] = [
  {
    title: "as many as the limit, then as places get free",
    limit: 2,
    rows: [
      [0, "hold a", true, 1, 0, 10_000],
      [100, "hold b", true, 0, 0, 10_000],
      [300, "hold c", false, 0, 9_700, 9_800],
      [300, "peek 1", false, 0, 9_700, 9_800],
      [400, "release a", true, 1, 0, 9_700],
      [500, "hold c", true, 0, 0, 10_000],
      [700, "hold d", false, 0, 9_400, 9_800],
    ],
  },
  {
    title: "a place that nobody released is free when its hold has passed, to the millisecond",
    limit: 2,
    rows: [
      [0, "hold a", true, 1, 0, 10_000],
      [4_000, "hold b", true, 0, 0, 10_000],
      [9_999, "hold c", false, 0, 1, 4_001],
      [10_000, "hold c", true, 0, 0, 10_000],
      [10_000, "extend a", false, 0, 0, 10_000],
      [13_999, "hold d", false, 0, 1, 6_001],
      [14_000, "hold d", true, 0, 0, 10_000],
    ],
  },
  {
    title: "extended, a hold begins anew; one that has passed, too, as long as its place is free",
    limit: 2,
    rows: [
      [0, "hold a", true, 1, 0, 10_000],
      [8_000, "extend a", true, 1, 0, 10_000],
      [12_000, "hold b", true, 0, 0, 10_000],
      [12_000, "hold c", false, 0, 6_000, 10_000],
      [19_000, "extend a", true, 0, 0, 10_000],
      [21_999, "hold c", false, 0, 1, 7_001],
      [22_000, "hold c", true, 0, 0, 10_000],
      [22_000, "extend b", false, 0, 0, 10_000],
    ],
  },
  {
    title: "asked for again, a hold takes no second place and begins anew, however full it is",
    limit: 2,
    rows: [
      [0, "hold a", true, 1, 0, 10_000],
      [1_000, "hold b", true, 0, 0, 10_000],
      [2_000, "hold a", true, 0, 0, 10_000],
      [2_000, "release a", true, 1, 0, 9_000],
      [2_000, "release a", true, 1, 0, 9_000],
      [2_000, "hold c", true, 0, 0, 10_000],
    ],
  },
  {
    title: "costs: a call waits for enough to end, and takes all it costs or nothing",
    limit: 10,
    rows: [
      [0, "hold a 3", true, 7, 0, 10_000],
      [1_000, "hold b 4", true, 3, 0, 10_000],
      [2_000, "hold c 2", true, 1, 0, 10_000],
      [3_000, "hold d 2", false, 1, 7_000, 9_000],
      [3_000, "hold d 5", false, 1, 8_000, 9_000],
      [3_000, "hold d 8", false, 1, 8_000, 9_000],
      [3_000, "hold d 9", false, 1, 9_000, 9_000],
      [3_000, "hold d 11", false, 1, Infinity, 9_000],
      [3_000, "hold b 1", true, 4, 0, 10_000],
      [3_000, "hold b 6", false, 4, 7_000, 10_000],
      [11_000, "hold d 6", true, 1, 0, 10_000],
    ],
  },
  {
    title: "a hold that asks for more waits for the others alone, and for no more than it lacks",
    limit: 3,
    rows: [
      [0, "hold a", true, 2, 0, 10_000],
      [1_000, "hold b", true, 1, 0, 10_000],
      [2_000, "hold c", true, 0, 0, 10_000],
      [3_000, "hold c 2", false, 0, 7_000, 9_000],
      [3_000, "hold c 3", false, 0, 8_000, 9_000],
      [3_000, "hold c 4", false, 0, Infinity, 9_000],
      [3_000, "hold a 2", false, 0, 8_000, 9_000],
      [10_000, "hold c 2", true, 0, 0, 10_000],
    ],
  },
];

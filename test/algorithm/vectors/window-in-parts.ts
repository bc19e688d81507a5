import { parts } from "../../../src/algorithm/parts.ts";
import { slidingWindow } from "../../../src/algorithm/policy.ts";
import { never, no, type Vector, yes } from "./vector.ts";

/** 10 per 10 s in 5 parts: a part is closed at 2. */
const policy = slidingWindow({ limit: 10, window: "10 s", parts: parts(5) });

export const windowInPartsVectors: readonly Vector[] = [
  {
    title: "gives back a part when its last unit is a window old, not a millisecond earlier",
    policy,
    rows: [
      [0, "consume 1", yes, 9, 0, 10_000],
      [3000, "consume 1", yes, 8, 0, 10_000],
      [4000, "consume 8", yes, 0, 0, 10_000],
      [4000, "consume 1", no, 0, 9000, 10_000],
      [10_000, "consume 1", no, 0, 3000, 4000],
      [12_999, "consume 2", no, 0, 1, 1001],
      [13_000, "consume 2", yes, 0, 0, 10_000],
      [13_000, "consume 3", no, 0, 1000, 10_000],
      [13_999, "consume 8", no, 0, 1, 9001],
      [14_000, "consume 9", no, 8, 9000, 9000],
      [14_000, "consume 8", yes, 0, 0, 10_000],
      [24_000, "peek 10", yes, 10, 0, 0],
    ],
  },
  {
    title: "closes a part once it holds its share, whatever a call costs",
    policy,
    rows: [
      [0, "consume 1", yes, 9, 0, 10_000],
      [1000, "consume 5", yes, 4, 0, 10_000],
      [2000, "consume 1", yes, 3, 0, 10_000],
      [3000, "consume 3", yes, 0, 0, 10_000],
      [3000, "consume 6", no, 0, 8000, 10_000],
      [3000, "consume 7", no, 0, 10_000, 10_000],
      [3000, "consume 10", no, 0, 10_000, 10_000],
      [3000, "consume 11", no, 0, never, 10_000],
      [11_000, "consume 6", yes, 0, 0, 10_000],
      [11_000, "peek 4", no, 0, 2000, 10_000],
    ],
  },
  {
    title: "takes back the oldest that count, no more than there are, and counts charges past the limit",
    policy,
    rows: [
      [0, "consume 2", yes, 8, 0, 10_000],
      [1000, "consume 2", yes, 6, 0, 10_000],
      [2000, "consume 6", yes, 0, 0, 10_000],
      [2000, "refund 3", yes, 3, 0, 10_000],
      [2000, "consume 4", no, 3, 9000, 10_000],
      [2000, "charge 6", yes, 0, 0, 10_000],
      [2000, "consume 0", no, 0, 10_000, 10_000],
      [2000, "refund 3", yes, 0, 0, 10_000],
      [2000, "consume 0", yes, 0, 0, 10_000],
      [2000, "refund 50", yes, 10, 0, 0],
      [2000, "consume 10", yes, 0, 0, 10_000],
    ],
  },
  {
    title: "gives back what still counts, and nothing of what has left",
    policy,
    rows: [
      [0, "consume 2", yes, 8, 0, 10_000],
      [1000, "consume 3", yes, 5, 0, 10_000],
      [9999, "refund 1 since 0", yes, 6, 0, 1001],
      [10_000, "refund 1 since 0", yes, 7, 0, 1000],
      [10_000, "refund 1 since 1000", yes, 8, 0, 1000],
      [10_000, "refund 1 since 10001", yes, 8, 0, 1000],
      [10_500, "consume 1", yes, 7, 0, 10_000],
      [11_000, "refund 1 since 1000", yes, 9, 0, 9500],
      [11_000, "refund 9 since 11000", yes, 10, 0, 0],
    ],
  },
  {
    title: "keeps what was taken when the limit changes, and cuts parts by the limit in force",
    policy,
    rows: [
      [0, "consume 5 limit 100", yes, 95, 0, 10_000],
      [1000, "consume 5 limit 100", yes, 90, 0, 10_000],
      [2000, "consume 1", no, 0, 9000, 9000],
      [2000, "consume 90 limit 100", yes, 0, 0, 10_000],
      [2000, "consume 1 limit 100", no, 0, 10_000, 10_000],
      [11_999, "consume 1 limit 100", no, 0, 1, 1],
      [12_000, "consume 10", yes, 0, 0, 10_000],
    ],
  },
  {
    title: "leaves the last part open when there can be no more",
    policy: slidingWindow({ limit: 3, window: "10 s", parts: parts(2) }),
    rows: [
      [0, "consume 1", yes, 2, 0, 10_000],
      [1000, "consume 1", yes, 1, 0, 10_000],
      [2000, "consume 1", yes, 0, 0, 10_000],
      [3000, "charge 1", yes, 0, 0, 10_000],
      [3000, "consume 1", no, 0, 8000, 10_000],
      [11_000, "consume 1", yes, 0, 0, 10_000],
      [12_000, "consume 1", no, 0, 1000, 9000],
      [21_000, "peek 3", yes, 3, 0, 0],
    ],
  },
  {
    title: "never lends",
    policy,
    rows: [
      [0, "consume 10 maxDelayMs 60000", yes, 0, 0, 10_000, 0],
      [0, "consume 1 maxDelayMs 60000", no, 0, 10_000, 10_000, 0],
    ],
  },
  {
    title: "stands still while a clock runs behind",
    policy,
    rows: [
      [12_000, "consume 10", yes, 0, 0, 10_000],
      [9000, "consume 1", no, 0, 11_000, 11_000],
      [11_500, "consume 1", no, 0, 10_500, 10_500],
      [21_999, "consume 1", no, 0, 1, 1],
      [22_000, "consume 1", yes, 9, 0, 10_000],
    ],
  },
  {
    title: "counts past three bytes, and back",
    policy: slidingWindow({ limit: 40_000_000, window: "10 s", parts: parts(5) }),
    rows: [
      [0, "consume 16777215", yes, 23_222_785, 0, 10_000],
      [1000, "consume 1", yes, 23_222_784, 0, 10_000],
      [2000, "consume 20000000", yes, 3_222_784, 0, 10_000],
      [2000, "consume 3222785", no, 3_222_784, 8000, 10_000],
      [2000, "refund 16777215", yes, 19_999_999, 0, 10_000],
      [2000, "refund 10000000", yes, 29_999_999, 0, 10_000],
      [3000, "consume 29999999", yes, 0, 0, 10_000],
      [3000, "consume 1", no, 0, 9000, 10_000],
      [13_000, "consume 40000000", yes, 0, 0, 10_000],
    ],
  },
  {
    title: "counts exactly next to 2^53, and stops there",
    policy: slidingWindow({ limit: 9_007_199_254_740_990, window: "1 d", parts: parts(60) }),
    rows: [
      [0, "consume 9007199254740990", yes, 0, 0, 86_400_000],
      [0, "consume 1", no, 0, 86_400_000, 86_400_000],
      [1, "charge 9007199254740991", yes, 0, 0, 86_400_000],
      [1, "charge 1", yes, 0, 0, 86_400_000],
      [1, "refund 9007199254740990", yes, 9_007_199_254_740_989, 0, 86_400_000],
      [1, "refund 9007199254740991", yes, 9_007_199_254_740_990, 0, 0],
    ],
  },
];

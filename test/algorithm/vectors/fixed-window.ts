import { fixedWindow } from "../../../src/algorithm/policy.ts";
import { MOST_PER_DAY, never, no, type Vector, yes } from "./vector.ts";

const policy = fixedWindow({ limit: 3, window: "10 s" });

export const fixedWindowVectors: readonly Vector[] = [
  {
    title: "is whole again at the window's end, not a millisecond earlier",
    policy,
    rows: [
      [0, "consume 1", yes, 2, 0, 10_000],
      [1, "consume 2", yes, 0, 0, 9999],
      [1, "consume 1", no, 0, 9999, 9999],
      [9999, "consume 1", no, 0, 1, 1],
      [10_000, "consume 3", yes, 0, 0, 10_000],
      [10_000, "consume 0", yes, 0, 0, 10_000],
      [10_000, "consume 4", no, 0, never, 10_000],
      [15_000, "peek 1", no, 0, 5000, 5000],
      [20_000, "peek 3", yes, 3, 0, 0],
      [20_000, "consume 3", yes, 0, 0, 10_000],
    ],
  },
  {
    title: "takes back no more than it gave, and counts charges past the limit",
    policy,
    rows: [
      [4000, "consume 2", yes, 1, 0, 6000],
      [4000, "refund 1", yes, 2, 0, 6000],
      [4000, "refund 5", yes, 3, 0, 0],
      [4000, "charge 5", yes, 0, 0, 6000],
      [4000, "consume 0", no, 0, 6000, 6000],
      [4000, "refund 2", yes, 0, 0, 6000],
      [4000, "consume 0", yes, 0, 0, 6000],
      [4000, "consume 1", no, 0, 6000, 6000],
    ],
  },
  {
    title: "gives back to the window that was debited, and to no other",
    policy,
    rows: [
      [4000, "consume 3", yes, 0, 0, 6000],
      [9999, "refund 1 since 4000", yes, 1, 0, 1],
      [10_000, "consume 3", yes, 0, 0, 10_000],
      [10_000, "refund 2 since 4000", yes, 0, 0, 10_000],
      [10_000, "refund 2 since 9999", yes, 0, 0, 10_000],
      [12_000, "refund 1 since 10000", yes, 1, 0, 8000],
      [12_000, "refund 1 since 12000", yes, 2, 0, 8000],
      [12_000, "refund 1 since 12001", yes, 2, 0, 8000],
      [12_000, "refund 9 since 10000", yes, 3, 0, 0],
    ],
  },
  {
    title: "keeps what was taken when the limit changes",
    policy,
    rows: [
      [4000, "consume 3", yes, 0, 0, 6000],
      [4000, "consume 2 limit 10", yes, 5, 0, 6000],
      [4000, "consume 1", no, 0, 6000, 6000],
      [4000, "consume 5 limit 10", yes, 0, 0, 6000],
      [4000, "consume 1 limit 10", no, 0, 6000, 6000],
      [4000, "consume 4", no, 0, never, 6000],
    ],
  },
  {
    title: "never lends",
    policy,
    rows: [
      [0, "consume 3 maxDelayMs 60000", yes, 0, 0, 10_000, 0],
      [0, "consume 1 maxDelayMs 60000", no, 0, 10_000, 10_000, 0],
    ],
  },
  {
    title: "stands still while a clock runs behind",
    policy,
    rows: [
      [12_000, "consume 3", yes, 0, 0, 8000],
      [9000, "consume 1", no, 0, 9000, 9000],
      [11_000, "consume 1", no, 0, 9000, 9000],
      [11_001, "consume 1", no, 0, 8999, 8999],
      [19_999, "consume 1", no, 0, 1, 1],
      [20_000, "consume 1", yes, 2, 0, 10_000],
    ],
  },
  {
    title: "counts exactly next to 2^53, and stops there",
    policy: fixedWindow({ limit: MOST_PER_DAY, window: "1 d" }),
    rows: [
      [0, `consume ${MOST_PER_DAY}`, yes, 0, 0, 86_400_000],
      [0, "consume 1", no, 0, 86_400_000, 86_400_000],
      [0, "charge 9007199254740991", yes, 0, 0, 86_400_000],
      [0, `refund ${9_007_199_254_740_991 - MOST_PER_DAY}`, yes, 0, 0, 86_400_000],
      [0, "refund 1", yes, 1, 0, 86_400_000],
      [0, "refund 9007199254740991", yes, MOST_PER_DAY, 0, 0],
    ],
  },
];

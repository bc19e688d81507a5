import { slidingWindow } from "../../../src/algorithm/policy.ts";
import { MOST_PER_DAY, never, no, type Vector, yes } from "./vector.ts";

/** 10 per 10 s: what was taken in the window before loses a tenth each second. */
const policy = slidingWindow({ limit: 10, window: "10 s" });

export const slidingWindowVectors: readonly Vector[] = [
  {
    title: "gives a full window back little by little in the next",
    policy,
    rows: [
      [0, "consume 1", yes, 9, 0, 20_000],
      [0, "consume 9", yes, 0, 0, 20_000],
      [0, "consume 1", no, 0, 11_000, 20_000],
      [0, "consume 10", no, 0, 20_000, 20_000],
      [0, "consume 11", no, 0, never, 20_000],
      [0, "consume 0", yes, 0, 0, 20_000],
      [10_000, "peek 1", no, 0, 1000, 10_000],
      [10_999, "consume 1", no, 0, 1, 9001],
      [11_000, "consume 1", yes, 0, 0, 19_000],
      [15_000, "consume 5", no, 4, 1000, 15_000],
      [15_000, "consume 4", yes, 0, 0, 15_000],
      [20_000, "consume 5", yes, 0, 0, 20_000],
      [45_000, "consume 10", yes, 0, 0, 15_000],
    ],
  },
  {
    title: "refunds the running window first, then the one before; a charge past the limit is repaid",
    policy,
    rows: [
      [0, "consume 6", yes, 4, 0, 20_000],
      [10_000, "consume 2", yes, 2, 0, 20_000],
      [10_000, "refund 1", yes, 3, 0, 20_000],
      [10_000, "refund 3", yes, 6, 0, 10_000],
      [10_000, "refund 99", yes, 10, 0, 0],
      [10_000, "charge 15", yes, 0, 0, 20_000],
      [10_000, "consume 0", no, 0, 13_334, 20_000],
      [23_333, "consume 0", no, 0, 1, 6667],
      [23_334, "consume 0", yes, 0, 0, 6666],
      [24_000, "consume 1", yes, 0, 0, 16_000],
      [24_000, "consume 1", no, 0, 667, 16_000],
    ],
  },
  {
    title: "gives back to the window that was debited, the running one or the one before, and to no other",
    policy,
    rows: [
      [0, "consume 6", yes, 4, 0, 20_000],
      [10_000, "consume 4", yes, 0, 0, 20_000],
      [10_000, "refund 3 since 9999", yes, 3, 0, 20_000],
      [10_000, "refund 1 since 10000", yes, 4, 0, 20_000],
      [10_000, "refund 1 since 10001", yes, 4, 0, 20_000],
      [10_000, "refund 9 since 10000", yes, 7, 0, 10_000],
      [10_000, "refund 9 since 0", yes, 10, 0, 0],
      [15_000, "consume 4", yes, 6, 0, 15_000],
      [29_999, "refund 1 since 15000", yes, 9, 0, 1],
      [30_000, "consume 2", yes, 8, 0, 20_000],
      [30_000, "refund 2 since 15000", yes, 8, 0, 20_000],
      [40_000, "refund 1 since 29999", yes, 8, 0, 10_000],
      [40_000, "refund 1 since 30000", yes, 9, 0, 10_000],
    ],
  },
  {
    title: "keeps what was taken when the limit changes",
    policy,
    rows: [
      [0, "consume 10", yes, 0, 0, 20_000],
      [0, "consume 5 limit 20", yes, 5, 0, 20_000],
      [0, "consume 1", no, 0, 14_000, 20_000],
      [12_000, "consume 3 limit 20", yes, 5, 0, 18_000],
      [12_000, "consume 1", no, 0, 4000, 18_000],
      [16_000, "consume 1", yes, 0, 0, 14_000],
    ],
  },
  {
    title: "never lends",
    policy,
    rows: [
      [0, "consume 10 maxDelayMs 60000", yes, 0, 0, 20_000, 0],
      [0, "consume 1 maxDelayMs 60000", no, 0, 11_000, 20_000, 0],
    ],
  },
  {
    title: "stands still while a clock runs behind",
    policy,
    rows: [
      [12_000, "consume 10", yes, 0, 0, 18_000],
      [9000, "consume 1", no, 0, 12_000, 19_000],
      [20_999, "consume 1", no, 0, 1, 9001],
      [21_000, "consume 1", yes, 0, 0, 19_000],
    ],
  },
  {
    title: "counts past three bytes",
    policy: slidingWindow({ limit: 20_000_000, window: "10 s" }),
    rows: [
      [0, "consume 16777215", yes, 3_222_785, 0, 20_000],
      [0, "consume 1", yes, 3_222_784, 0, 20_000],
      [0, "refund 1", yes, 3_222_785, 0, 20_000],
      [10_000, "consume 3222785", yes, 0, 0, 20_000],
      [10_000, "consume 1", no, 0, 1, 20_000],
      [15_000, "consume 8388607", yes, 0, 0, 15_000],
      [20_000, "peek 1", yes, 8_388_608, 0, 10_000],
    ],
  },
  {
    title: "counts exactly next to 2^53",
    policy: slidingWindow({ limit: MOST_PER_DAY, window: "1 d" }),
    rows: [
      [0, `consume ${MOST_PER_DAY}`, yes, 0, 0, 172_800_000],
      [0, "consume 1", no, 0, 86_400_001, 172_800_000],
      [86_400_000, "consume 1", no, 0, 1, 86_400_000],
      [86_400_001, "consume 1", yes, 0, 0, 172_799_999],
      [86_400_001, "refund 9007199254740991", yes, MOST_PER_DAY, 0, 0],
    ],
  },
];

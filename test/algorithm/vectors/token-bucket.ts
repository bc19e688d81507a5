import { tokenBucket } from "../../../src/algorithm/policy.ts";
import { MOST_PER_DAY, never, no, type Vector, yes } from "./vector.ts";

/** 5 per 10 s: a token every 2 s. */
const policy = tokenBucket({ limit: 5, window: "10 s" });

export const tokenBucketVectors: readonly Vector[] = [
  {
    title: "empties at once, and then gives a token every 2 s",
    policy,
    rows: [
      [0, "consume 1", yes, 4, 0, 2000],
      [0, "consume 4", yes, 0, 0, 10_000],
      [0, "consume 1", no, 0, 2000, 10_000],
      [0, "consume 3", no, 0, 6000, 10_000],
      [1999, "consume 1", no, 0, 1, 8001],
      [2000, "consume 1", yes, 0, 0, 10_000],
      [12_000, "consume 5", yes, 0, 0, 10_000],
      [21_999, "consume 5", no, 4, 1, 1],
      [22_000, "consume 5", yes, 0, 0, 10_000],
      [22_000, "consume 0", yes, 0, 0, 10_000],
      [22_000, "consume 6", no, 0, never, 10_000],
      [22_000, "peek 1", no, 0, 2000, 10_000],
      [24_000, "peek 1", yes, 1, 0, 8000],
      [24_000, "consume 1", yes, 0, 0, 10_000],
    ],
  },
  {
    title: "takes back no more than it gave, and repays what was charged past it",
    policy,
    rows: [
      [0, "consume 3", yes, 2, 0, 6000],
      [0, "refund 1", yes, 3, 0, 4000],
      [0, "refund 9", yes, 5, 0, 0],
      [0, "charge 7", yes, 0, 0, 14_000],
      [0, "consume 0", no, 0, 4000, 14_000],
      [0, "consume 1", no, 0, 6000, 14_000],
      [3999, "consume 0", no, 0, 1, 10_001],
      [4000, "consume 0", yes, 0, 0, 10_000],
      [5999, "consume 1", no, 0, 1, 8001],
      [6000, "consume 1", yes, 0, 0, 10_000],
    ],
  },
  {
    title: "bursts to three times its limit",
    policy: tokenBucket({ limit: 1, window: "1 s", burst: 3 }),
    rows: [
      [0, "consume 3", yes, 0, 0, 3000],
      [0, "consume 1", no, 0, 1000, 3000],
      [1000, "consume 1", yes, 0, 0, 3000],
      [1000, "consume 3", no, 0, 3000, 3000],
      [1000, "consume 4", no, 0, never, 3000],
      [3500, "consume 1", yes, 1, 0, 1500],
    ],
  },
  {
    title: "bursts to less than its limit",
    policy: tokenBucket({ limit: 10, window: "1 s", burst: 2 }),
    rows: [
      [0, "consume 2", yes, 0, 0, 200],
      [0, "consume 1", no, 0, 100, 200],
      [0, "consume 3", no, 0, never, 200],
      [99, "consume 1", no, 0, 1, 101],
      [100, "consume 1", yes, 0, 0, 200],
    ],
  },
  {
    title: "keeps thirds exact: a token every 333 ms and a third",
    policy: tokenBucket({ limit: 3, window: "1 s" }),
    rows: [
      [0, "consume 3", yes, 0, 0, 1000],
      [0, "consume 1", no, 0, 334, 1000],
      [333, "consume 1", no, 0, 1, 667],
      [334, "consume 1", yes, 0, 0, 1000],
    ],
  },
  {
    title:
      "keeps what was taken when the limit changes, at most as much as empties the bucket, and its burst in proportion",
    policy,
    rows: [
      [0, "consume 5", yes, 0, 0, 10_000],
      [0, "consume 1 limit 10", yes, 4, 0, 6000],
      [0, "consume 5 limit 10", no, 4, 1000, 6000],
      [0, "peek 1", no, 0, 2000, 10_000],
      [1000, "consume 5 limit 10", yes, 0, 0, 10_000],
      [1000, "consume 1", no, 0, 2000, 10_000],
      [3000, "consume 1", yes, 0, 0, 10_000],
      [3000, "peek 1 limit 10", yes, 5, 0, 5000],
    ],
  },
  {
    title: "tells no longer wait than filling the burst in force, however much was taken under another limit",
    policy: tokenBucket({ limit: 1000, window: "1 m" }),
    rows: [
      [0, "consume 1000", yes, 0, 0, 60_000],
      [0, "consume 1 limit 10", no, 0, 6000, 60_000],
      [5999, "consume 1 limit 10", no, 0, 1, 54_001],
      [6000, "consume 1 limit 10", yes, 0, 0, 60_000],
      [6000, "consume 10 limit 10", no, 0, 60_000, 60_000],
    ],
  },
  {
    title: "waits as long as told where little was taken under a higher limit",
    policy: tokenBucket({ limit: 100, window: "1 m" }),
    rows: [
      [0, "consume 1", yes, 99, 0, 600],
      [0, "consume 5 limit 5", no, 4, 12_000, 12_000],
      [1600, "consume 5 limit 5", no, 4, 10_400, 10_400],
      [11_999, "consume 5 limit 5", no, 4, 1, 1],
      [12_000, "consume 5 limit 5", yes, 0, 0, 60_000],
    ],
  },
  {
    title: "keeps a debt when the limit changes: what was taken beyond a full bucket",
    policy,
    rows: [
      [0, "charge 7", yes, 0, 0, 14_000],
      [0, "consume 1 limit 10", no, 0, 3000, 12_000],
      [0, "consume 1 limit 1", no, 0, 30_000, 30_000],
      [0, "consume 1", no, 0, 6000, 14_000],
      [1000, "charge 1 limit 10", yes, 0, 0, 12_000],
      [3000, "consume 1 limit 10", no, 0, 1000, 10_000],
      [4000, "consume 1 limit 10", yes, 0, 0, 10_000],
    ],
  },
  {
    title: "a burst of twice the limit stays twice the limit",
    policy: tokenBucket({ limit: 5, window: "10 s", burst: 10 }),
    rows: [
      [0, "consume 20 limit 10", yes, 0, 0, 20_000],
      [0, "consume 3 limit 1", no, 0, never, 20_000],
      [0, "consume 2 limit 1", no, 0, 20_000, 20_000],
    ],
  },
  {
    title: "lends in order, no further than asked",
    policy,
    rows: [
      [0, "consume 5 maxDelayMs 60000", yes, 0, 0, 10_000, 0],
      [0, "consume 1 maxDelayMs 1999", no, 0, 2000, 10_000, 0],
      [0, "consume 1 maxDelayMs 2000", yes, 0, 0, 12_000, 2000],
      [0, "consume 1 maxDelayMs 4000", yes, 0, 0, 14_000, 4000],
      [0, "consume 1 maxDelayMs 4000", no, 0, 6000, 14_000, 0],
      [0, "consume 6 maxDelayMs 60000", no, 0, never, 14_000, 0],
      [0, "consume 0", no, 0, 4000, 14_000, 0],
      [3000, "consume 0", no, 0, 1000, 11_000, 0],
      [4000, "consume 1", no, 0, 2000, 10_000, 0],
      [6000, "consume 1", yes, 0, 0, 10_000, 0],
    ],
  },
  {
    title: "stands still while a clock runs behind",
    policy,
    rows: [
      [10_000, "consume 5", yes, 0, 0, 10_000],
      [4000, "consume 1", no, 0, 8000, 11_000],
      [11_999, "consume 1", no, 0, 1, 8001],
      [12_000, "consume 1", yes, 0, 0, 10_000],
    ],
  },
  {
    title: "counts exactly next to 2^53, and stops there",
    policy: tokenBucket({ limit: MOST_PER_DAY, window: "1 d" }),
    rows: [
      [0, `consume ${MOST_PER_DAY}`, yes, 0, 0, 86_400_000],
      [0, "consume 1", no, 0, 1, 86_400_000],
      [0, `consume ${MOST_PER_DAY}`, no, 0, 86_400_000, 86_400_000],
      [1, "consume 1", yes, 0, 0, 86_400_000],
      [1, `charge ${MOST_PER_DAY}`, yes, 0, 0, 86_400_001],
      [1, "consume 1", no, 0, 2, 86_400_001],
    ],
  },
];

import { calendar } from "../../../src/algorithm/calendar.ts";
import { parts } from "../../../src/algorithm/parts.ts";
import { fixedWindow, slidingWindow, tokenBucket } from "../../../src/algorithm/policy.ts";
import { never, no, type SetVector, yes } from "./vector.ts";

export const policySetVectors: readonly SetVector[] = [
  {
    title: "takes from all or from none",
    policies: [
      tokenBucket({ name: "burst", limit: 2, window: "1 s" }),
      slidingWindow({ name: "steady", limit: 5, window: "10 s" }),
    ],
    rows: [
      [0, "consume 1", yes, "burst", [1, 4], 0, 20_000],
      [0, "consume 1", yes, "burst", [0, 3], 0, 20_000],
      [0, "consume 1", no, "burst", [0, 3], 500, 20_000],
      [500, "consume 1", yes, "burst", [0, 2], 0, 19_500],
      [1000, "consume 1", yes, "burst", [0, 1], 0, 19_000],
      [1500, "consume 1", yes, "burst", [0, 0], 0, 18_500],
      [2500, "consume 1", no, "steady", [2, 0], 9500, 17_500],
      [2500, "consume 3", no, "burst", [2, 0], never, 17_500],
      [11_999, "consume 1", no, "steady", [2, 0], 1, 8001],
      [12_000, "consume 1", yes, "steady", [1, 0], 0, 18_000],
    ],
  },
  {
    title: "charges each policy its own cost, by name",
    policies: [
      fixedWindow({ name: "requests", limit: 2, window: "10 s" }),
      tokenBucket({ name: "tokens", limit: 1000, window: "10 s" }),
    ],
    rows: [
      [0, "consume requests=1,tokens=850", yes, "tokens", [1, 150], 0, 10_000],
      [0, "consume requests=1,tokens=200", no, "tokens", [1, 150], 500, 10_000],
      [0, "consume requests=1", yes, "requests", [0, 150], 0, 10_000],
      [0, "consume tokens=150", yes, "tokens", [0, 0], 0, 10_000],
      [0, "charge tokens=100", yes, "tokens", [0, 0], 0, 11_000],
      [1000, "refund tokens=600", yes, "tokens", [0, 600], 0, 9000],
      [1000, "consume 1", no, "requests", [0, 600], 9000, 9000],
      [10_000, "consume 1 limit requests=5,tokens=500", yes, "requests", [4, 499], 0, 10_000],
      [10_000, "consume requests=1,tokens=700", yes, "requests", [0, 299], 0, 10_000],
    ],
  },
  {
    title: "gives each policy back what still counts of what was taken",
    policies: [
      fixedWindow({ name: "requests", limit: 5, window: "10 s" }),
      tokenBucket({ name: "tokens", limit: 1000, window: "10 s" }),
      slidingWindow({ name: "steady", limit: 10, window: "10 s" }),
    ],
    rows: [
      [8000, "consume requests=5,tokens=1000,steady=5", yes, "requests", [0, 0, 5], 0, 12_000],
      [9000, "refund requests=1,tokens=200,steady=1 since 8000", yes, "requests", [1, 200, 6], 0, 11_000],
      [10_000, "consume requests=4,tokens=300,steady=5", yes, "tokens", [1, 0, 1], 0, 20_000],
      [10_000, "refund requests=4,tokens=500,steady=4 since 8000", yes, "requests", [1, 300, 5], 0, 20_000],
      [11_000, "refund requests=3,tokens=101,steady=3 since 10000", yes, "requests", [4, 401, 8], 0, 19_000],
    ],
  },
  {
    title: "gives back of the first ms of the window before",
    policies: [
      fixedWindow({ name: "requests", limit: 5, window: "10 s" }),
      slidingWindow({ name: "steady", limit: 10, window: "10 s" }),
    ],
    rows: [
      [0, "consume requests=1,steady=4", yes, "steady", [4, 6], 0, 20_000],
      [10_000, "refund requests=1,steady=4 since 0", yes, "steady", [5, 10], 0, 0],
    ],
  },
  {
    title: "lends what its bucket can lend, if the windows allow it",
    policies: [
      tokenBucket({ name: "burst", limit: 2, window: "1 s" }),
      fixedWindow({ name: "quota", limit: 3, window: "10 s" }),
    ],
    rows: [
      [0, "consume 2 maxDelayMs 500", yes, "burst", [0, 1], 0, 10_000, 0],
      [0, "consume 1 maxDelayMs 500", yes, "burst", [0, 0], 0, 10_000, 500],
      [0, "consume 1 maxDelayMs 5000", no, "quota", [0, 0], 10_000, 10_000, 0],
    ],
  },
  {
    title: "gives back what those had who leave its bucket's queue",
    policies: [
      tokenBucket({ name: "burst", limit: 2, window: "1 s" }),
      fixedWindow({ name: "quota", limit: 3, window: "10 s" }),
    ],
    rows: [
      [0, "consume 2", yes, "burst", [0, 1], 0, 10_000],
      [0, "leave 1 until 100", no, "burst", [0, 1], 400, 9900],
      [100, "consume 1 maxDelayMs 400", yes, "burst", [0, 0], 0, 9900, 400],
    ],
  },
  {
    title: "stands still while a clock runs behind",
    policies: [
      tokenBucket({ name: "burst", limit: 5, window: "10 s" }),
      fixedWindow({ name: "quota", limit: 10, window: "10 s" }),
    ],
    rows: [
      [12_000, "consume 5", yes, "burst", [0, 5], 0, 10_000],
      [9000, "consume 1", no, "burst", [0, 5], 5000, 11_000],
      [14_000, "consume 1", yes, "burst", [0, 4], 0, 10_000],
    ],
  },
  {
    title: "takes from a window in parts, a month and others, or from none",
    policies: [
      slidingWindow({ name: "parts", limit: 4, window: "10 s", parts: parts(2) }),
      fixedWindow({ name: "month", limit: 6, window: calendar("1 month") }),
      tokenBucket({ name: "burst", limit: 10, window: "10 s" }),
    ],
    rows: [
      [0, "consume 1", yes, "parts", [3, 5, 9], 0, 2_678_400_000],
      [1000, "consume 2", yes, "parts", [1, 3, 8], 0, 2_678_399_000],
      [2000, "consume 1", yes, "parts", [0, 2, 8], 0, 2_678_398_000],
      [2000, "consume parts=1", no, "parts", [0, 2, 8], 9000, 2_678_398_000],
      [2000, "consume 3", no, "month", [0, 2, 8], 2_678_398_000, 2_678_398_000],
      [2000, "refund parts=2,month=1", yes, "parts", [2, 3, 8], 0, 2_678_398_000],
      [2000, "consume 2", yes, "parts", [0, 1, 6], 0, 2_678_398_000],
      [10_999, "consume 1", no, "parts", [0, 1, 10], 1, 2_678_389_001],
      [11_000, "consume 1", yes, "parts", [0, 0, 9], 0, 2_678_389_000],
      [12_000, "consume 1", no, "month", [3, 0, 10], 2_678_388_000, 2_678_388_000],
      [2_678_400_000, "consume 4", yes, "parts", [0, 2, 6], 0, 2_419_200_000],
    ],
  },
];

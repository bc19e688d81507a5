import { calendar } from "../../../src/algorithm/calendar.ts";
import { fixedWindow } from "../../../src/algorithm/policy.ts";
import { never, no, type Vector, yes } from "./vector.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Rows count from the first of January. */
const policy = fixedWindow({ limit: 3, window: calendar("1 month") });

export const calendarWindowVectors: readonly Vector[] = [
  {
    title: "is whole again at the month's end, not a millisecond earlier",
    policy,
    rows: [
      [0, "consume 1", yes, 2, 0, 31 * DAY],
      [DAY, "consume 2", yes, 0, 0, 30 * DAY],
      [DAY, "consume 1", no, 0, 30 * DAY, 30 * DAY],
      [31 * DAY - 1, "consume 1", no, 0, 1, 1],
      [31 * DAY, "consume 3", yes, 0, 0, 28 * DAY],
      [31 * DAY, "consume 4", no, 0, never, 28 * DAY],
      [59 * DAY - 1, "consume 1", no, 0, 1, 1],
      [59 * DAY, "peek 3", yes, 3, 0, 0],
    ],
  },
  {
    title: "counts a day of a place by its own midnight, and one of 23 hours when summer time begins",
    policy: fixedWindow({ limit: 1, window: calendar("1 day", { timeZone: "Europe/Berlin" }) }),
    rows: [
      [22 * HOUR, "consume 1", yes, 0, 0, HOUR],
      [23 * HOUR - 1, "consume 1", no, 0, 1, 1],
      [23 * HOUR, "consume 1", yes, 0, 0, 24 * HOUR],
      // Sunday, the 29th of March.
      [87 * DAY - HOUR, "consume 1", yes, 0, 0, 23 * HOUR],
      [87 * DAY + 22 * HOUR - 1, "consume 1", no, 0, 1, 1],
      [87 * DAY + 22 * HOUR, "consume 1", yes, 0, 0, 24 * HOUR],
    ],
  },
  {
    title: "begins weeks on Monday",
    policy: fixedWindow({ limit: 1, window: calendar("1 week") }),
    rows: [
      // A Thursday.
      [0, "consume 1", yes, 0, 0, 4 * DAY],
      [4 * DAY - 1, "consume 1", no, 0, 1, 1],
      [4 * DAY, "consume 1", yes, 0, 0, 7 * DAY],
    ],
  },
  {
    title: "takes back no more than it gave, and counts charges past the limit",
    policy,
    rows: [
      [0, "consume 2", yes, 1, 0, 31 * DAY],
      [0, "refund 1", yes, 2, 0, 31 * DAY],
      [0, "refund 5", yes, 3, 0, 0],
      [0, "charge 5", yes, 0, 0, 31 * DAY],
      [0, "consume 0", no, 0, 31 * DAY, 31 * DAY],
      [0, "refund 2", yes, 0, 0, 31 * DAY],
      [0, "consume 2 limit 5", yes, 0, 0, 31 * DAY],
      [0, "consume 1", no, 0, 31 * DAY, 31 * DAY],
    ],
  },
  {
    title: "gives back to the month that was debited, and to no other",
    policy,
    rows: [
      [0, "consume 3", yes, 0, 0, 31 * DAY],
      [31 * DAY - 1, "refund 1 since 0", yes, 1, 0, 1],
      [31 * DAY, "consume 3", yes, 0, 0, 28 * DAY],
      [31 * DAY, "refund 1 since 0", yes, 0, 0, 28 * DAY],
      [31 * DAY, `refund 1 since ${31 * DAY - 1}`, yes, 0, 0, 28 * DAY],
      [31 * DAY, `refund 1 since ${31 * DAY}`, yes, 1, 0, 28 * DAY],
      [31 * DAY, `refund 1 since ${31 * DAY + 1}`, yes, 1, 0, 28 * DAY],
      // By a clock that is still in January.
      [31 * DAY - 50, `refund 1 since ${31 * DAY}`, yes, 2, 0, 28 * DAY + 50],
    ],
  },
  {
    title: "stands still while a clock runs behind, into the month before",
    policy,
    rows: [
      [31 * DAY + 400, "consume 2", yes, 1, 0, 28 * DAY - 400],
      [31 * DAY - 100, "consume 1", yes, 0, 0, 28 * DAY + 100],
      [31 * DAY - 50, "consume 1", no, 0, 28 * DAY + 50, 28 * DAY + 50],
      [59 * DAY, "consume 3", yes, 0, 0, 31 * DAY],
    ],
  },
  {
    title: "counts exactly up to 2^53, and stops there",
    policy: fixedWindow({ limit: 9_007_199_254_740_990, window: calendar("1 month") }),
    rows: [
      [0, "consume 9007199254740990", yes, 0, 0, 31 * DAY],
      [0, "consume 1", no, 0, 31 * DAY, 31 * DAY],
      [0, "charge 9007199254740991", yes, 0, 0, 31 * DAY],
      [0, "refund 2", yes, 1, 0, 31 * DAY],
      [0, "refund 9007199254740991", yes, 9_007_199_254_740_990, 0, 0],
    ],
  },
];

import { checkedText, misuse } from "../core/misuse.ts";
import type { Algorithm } from "./algorithm.ts";
import { calendarWindowAlgorithm, type Period } from "./calendar-window.ts";

const DAY_MS = 86_400_000;

// biome-ignore lint/style/noRestrictedGlobals: the calendar's arithmetic, no clock
const dayAt = (year: number, month: number, day: number) => Date.UTC(year, month, day) / DAY_MS;

/** The number of a period's first day, and of the next period's, given any day; days are counted from 1970-01-01. */
type Days = (day: number) => readonly [first: number, next: number];

const DAYS = {
  "1 day": (day) => [day, day + 1],
  // That day was a Thursday; weeks begin on Monday.
  "1 week": (day) => [day - ((day + 3) % 7), day - ((day + 3) % 7) + 7],
  "1 month": (day) => {
    // biome-ignore lint/style/noRestrictedGlobals: the calendar's arithmetic, no clock
    const date = new Date(day * DAY_MS);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    return [dayAt(year, month, 1), dayAt(year, month + 1, 1)];
  },
} as const satisfies Record<string, Days>;

/** Their usual length, a month's the longest. */
const LENGTHS_MS = { "1 day": DAY_MS, "1 week": 7 * DAY_MS, "1 month": 31 * DAY_MS } as const;

/** A period of the calendar. */
export type CalendarPeriod = keyof typeof DAYS;

/** A window of the calendar; made by `calendar`, and carrying the algorithm, so that only those ship it who use it. */
export interface Calendar {
  readonly algorithm: Algorithm;
  /** `"1month"`, for names. */
  readonly text: string;
  /** Its usual length in ms, a month's 31 days. */
  readonly windowMs: number;
}

export interface CalendarOptions {
  /** Where the days are, as in `"Europe/Berlin"`: a name of the IANA time zone database. Default `"UTC"`. */
  timeZone?: string | undefined;
}

/**
 * For `fixedWindow({ limit, window: calendar("1 month") })`: a day, a week from Monday or a month of the calendar, in UTC or in a time
 * zone, summer time included. (`"1 d"` is 24 hours from the clock's midnight in UTC.) The zone's rules are those of the platform.
 * Throws a `TypeError` or `RangeError` that names the option.
 */
export function calendar(period: CalendarPeriod, { timeZone = "UTC" }: CalendarOptions = {}): Calendar {
  if (!Object.hasOwn(DAYS, period)) {
    throw misuse("period", '"1 day", "1 week" or "1 month"', period, typeof period === "string");
  }
  checkedText("timeZone", timeZone, /^[A-Za-z][\w+/-]*$/, 'characters of a time zone\'s name, as in "Europe/Berlin"');
  const text = period.replace(" ", "");
  const periodOf = periodsBy(DAYS[period], dayIn(timeZone));
  const name = timeZone === "UTC" ? text : `${text}@${timeZone}`;
  return Object.freeze({ algorithm: calendarWindowAlgorithm(name, periodOf), text, windowMs: LENGTHS_MS[period] });
}

/** The period around a time. The last one is remembered: to find its ends takes some fifty questions to the platform's calendar. */
function periodsBy(days: Days, dayOf: (time: number) => number): (now: number) => Period {
  let last: Period = { start: 0, end: 0, nextMs: 0 };
  return (now) => {
    if (now >= last.start && now < last.end) return last;
    const [first, next] = days(dayOf(now));
    const end = startOf(next, dayOf);
    let following = days(next)[1];
    // A zone that changed sides of the date line left out a day.
    while (startOf(following, dayOf) === end) following = days(following)[1];
    last = { start: startOf(first, dayOf), end, nextMs: startOf(following, dayOf) - end };
    return last;
  };
}

/** The first ms of a day or, if the zone left it out, of the one behind it. No zone is more than a day away from UTC. */
function startOf(day: number, dayOf: (time: number) => number): number {
  let [before, from] = [(day - 1) * DAY_MS - 1, (day + 1) * DAY_MS];
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2);
    if (dayOf(middle) < day) before = middle;
    else from = middle;
  }
  return from;
}

/** Counts a zone's days. */
function dayIn(timeZone: string): (time: number) => number {
  if (timeZone === "UTC") return (time) => Math.floor(time / DAY_MS);
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", { timeZone, year: "numeric", month: "numeric", day: "numeric" });
  } catch {
    throw misuse("timeZone", 'the name of a time zone that the platform knows, as in "Europe/Berlin"', timeZone, true);
  }
  return (time) => {
    const [month = 0, day = 0, year = 0] = format.format(time).split("/").map(Number);
    return dayAt(year, month - 1, day);
  };
}

import { periodName } from "../../../support/calendars.ts";
import type { PolicyRule } from "../../world/history.ts";
import type { Book } from "./book.ts";

const DAY_MS = 86_400_000;

/** The first ms behind the period of `time`, by the wall clock that the platform shows in the zone. */
export function periodEnd({ calendar: [period, timeZone] = ["1 day", "UTC"] }: Pick<PolicyRule, "calendar">) {
  const nameOf = periodName(period, timeZone);
  const known: { readonly from: number; readonly to: number }[] = [];
  return (time: number): number => {
    const found = known.find(({ from, to }) => time >= from && time < to);
    if (found) return found.to;
    const name = nameOf(time);
    let inside = time;
    let behind = time + 40 * DAY_MS;
    while (behind - inside > 1) {
      const middle = Math.floor((inside + behind) / 2);
      if (nameOf(middle) === name) inside = middle;
      else behind = middle;
    }
    known.push({ from: time, to: behind });
    return behind;
  };
}

/** In no period of the calendar is more taken than the limit. */
export function calendarBook(rule: PolicyRule): Book {
  const { limit } = rule;
  const endOf = periodEnd(rule);
  let end = 0;
  let taken = 0;
  const at = (time: number) => (endOf(time) === end ? taken : 0);
  const set = (time: number, units: number) => {
    end = endOf(time);
    taken = units;
  };
  return {
    allows: (time, units) => at(time) + units <= limit,
    remaining: (time) => Math.max(0, limit - at(time)),
    take: (time, units) => set(time, at(time) + units),
    giveBack(time, units, since = time) {
      const counts = since <= time && endOf(since) === endOf(time);
      set(time, Math.max(0, at(time) - (counts ? units : 0)));
    },
    wholeAfterMs: (time) => (at(time) === 0 ? 0 : endOf(time) - time),
    mostMs: (time) => endOf(time) - time,
    forget() {
      taken = 0;
    },
  };
}

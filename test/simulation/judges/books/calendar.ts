import { periodName } from "../../../support/calendars.ts";
import type { PolicyRule } from "../../world/history.ts";
import type { Book } from "./book.ts";
import { windowBook } from "./window.ts";

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
  const endOf = periodEnd(rule);
  return { ...windowBook(rule.limit, endOf), mostMs: (time) => endOf(time) - time };
}

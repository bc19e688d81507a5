import { type StoredHour, storedList } from "../../observe/analytics/hour.ts";
import { shortened } from "../../observe/analytics/sums.ts";
import { createTopKeys, type TopKeys } from "../../observe/analytics/top-keys.ts";
import type { RatelimitResponseType } from "./algorithm.ts";
import type { Geo } from "./options.ts";

/** Whether a request passed; `"denied"`: something of it was on the deny list. */
export type EventSuccess = boolean | "denied";

/** One request, as analytics count it. */
export interface Event extends Geo {
  identifier: string;
  /** When, in ms since the epoch. */
  time: number;
  success: EventSuccess;
}

/** What events are counted by. */
export const FIELDS = ["identifier", "country", "city", "region", "ip"] as const;

export type Field = (typeof FIELDS)[number];

/** The lists of identifiers by what became of them. */
export const OUTCOMES = ["passed", "limited", "listed"] as const;

export type UsageOutcome = (typeof OUTCOMES)[number];

/** An hour of this isolate that has not been sent yet. */
export interface UsageHour {
  readonly sums: Map<string, number>;
  readonly tops: Map<string, TopKeys>;
}

const SOURCES = { timeout: "fallback", cacheBlock: "snapshot", denyList: "rule" } as const;

export const outcomeOf = (success: EventSuccess): UsageOutcome =>
  success === "denied" ? "listed" : success ? "passed" : "limited";

export const newUsageHour = (): UsageHour => ({ sums: new Map(), tops: new Map() });

/** Counts an event, in the sums that analytics of Sluice read, too, and in lists that these leave alone. */
export function countUsage({ sums, tops }: UsageHour, event: Event, reason?: RatelimitResponseType): void {
  const source = event.success === "denied" ? "rule" : reason ? SOURCES[reason] : "store";
  const name = `${event.success === true ? "allowed" : "denied"} ${source} `;
  sums.set(name, (sums.get(name) ?? 0) + 1);

  function add(list: string, value: unknown) {
    if (value === undefined || value === null || value === "") return;
    const top = tops.get(list) ?? createTopKeys();
    tops.set(list, top);
    top.add(shortened(String(value)));
  }
  add("asked", event.identifier);
  if (event.success !== true) add("denied", event.identifier);
  add(outcomeOf(event.success), event.identifier);
  for (const field of FIELDS) if (field !== "identifier") add(field, event[field]);
}

/** What is stored of it. */
export async function usageText({ sums, tops }: UsageHour): Promise<string> {
  const lists: Record<string, readonly (string | number)[]> = {};
  for (const [name, top] of tops) lists[name] = await storedList(top, false);
  return JSON.stringify({ v: 1, sums: Object.fromEntries(sums), tops: lists } satisfies StoredHour);
}

import { sha256Text } from "../../core/digest.ts";
import type { Sums } from "./sums.ts";
import type { TopEntry, TopKeys } from "./top-keys.ts";
import { type TopList, topList } from "./top-list.ts";

export const HOUR_MS = 3_600_000;

/** The form of stored values; another number is another form. */
const VERSION = 1;

/** A list of top keys as it is stored: the floor, then key, count and error of each. */
export type StoredList = readonly (string | number)[];

/** An hour of a limiter as it is stored; merge-hour.lua tells more. */
export interface StoredHour {
  readonly v: typeof VERSION;
  readonly sums: Readonly<Record<string, number>>;
  /** By name: `asked`, `denied`, and what others count beside. */
  readonly tops: Readonly<Record<string, StoredList>>;
}

/**
 * Where an hour lies in Redis. The braces make a Redis Cluster keep the hours of a limiter in one place, so that several can be
 * read at once.
 */
export const hourKey = (limiter: string, hour: number) => `sluice:analytics:{${limiter}}:${hour}`;

/** What is stored of sums; with `hashed` the SHA-256 of the keys instead of them. */
export async function storedHour({ counts, tops }: Sums, hashed: boolean): Promise<string> {
  const stored: StoredHour = {
    v: VERSION,
    sums: Object.fromEntries(counts),
    tops: tops ? { asked: await storedList(tops.asked, hashed), denied: await storedList(tops.denied, hashed) } : {},
  };
  return JSON.stringify(stored);
}

export async function storedList(counter: TopKeys, hashed: boolean): Promise<StoredList> {
  const { keys, floor } = topList(counter.entries());
  const named = hashed ? await Promise.all(keys.map(withHash)) : keys;
  return [floor, ...named.flatMap(({ key, count, error }) => [key, count, error])];
}

const withHash = async (entry: TopEntry) => ({ ...entry, key: await hashOf(entry.key) });

/** What stands for a key where keys are hashed: 128 bits and more of its SHA-256. */
export const hashOf = async (key: string) => (await sha256Text(new TextEncoder().encode(key))).slice(0, 22);

/** A value that Redis holds, as text or as clients have read it; `undefined` for what is no hour of this form. */
export function hourIn(value: unknown): StoredHour | undefined {
  let hour = value;
  try {
    if (typeof value === "string") hour = JSON.parse(value);
  } catch {}
  const { v, sums, tops } = (hour ?? {}) as Partial<StoredHour>;
  return v === VERSION && sums && tops ? (hour as StoredHour) : undefined;
}

export function listIn(stored: StoredList = [0]): TopList {
  const keys: TopEntry[] = [];
  for (let i = 1; i + 2 < stored.length; i += 3) {
    keys.push({ key: String(stored[i]), count: Number(stored[i + 1]), error: Number(stored[i + 2]) });
  }
  return { keys, floor: Number(stored[0]) };
}

import type { Policy } from "../../src/algorithm/policy.ts";
import { COUNTERS } from "./policies.ts";

/** What several processes do at once. */
export interface Crowd {
  readonly url: string;
  readonly prefix: string;
  /** The keys, each with the policies of that name. */
  readonly names: readonly string[];
  readonly limit: number;
  /** Calls of each process on each key. */
  readonly calls: number;
  readonly now: number;
}

export const CROWD_NAMES = [...Object.keys(COUNTERS), "policy set"];

export function policiesOf(name: string, limit: number): Policy[] {
  const make = COUNTERS[name];
  if (make) return [make({ limit, window: "1 d" })];
  return Object.entries(COUNTERS).map(([name, make]) => make({ name, limit, window: "1 d" }));
}

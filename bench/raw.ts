import type { AccuracyRow } from "./accuracy/section.ts";
import type { EndToEndRow } from "./end-to-end/section.ts";
import type { GrowthRow } from "./growth/section.ts";
import type { InFlightRow } from "./in-flight/section.ts";
import type { Isolate } from "./isolate/section.ts";
import type { Leases } from "./leases/section.ts";
import type { Machine } from "./lib/machine.ts";
import type { MoneyRow } from "./money/section.ts";
import type { RedisSideRow } from "./redis-side/section.ts";

/** What the tables and plots are made of, by section. */
export interface Sections {
  readonly endToEnd: readonly EndToEndRow[];
  readonly redisSide: readonly RedisSideRow[];
  readonly isolate: Isolate;
  readonly accuracy: readonly AccuracyRow[];
  readonly money: readonly MoneyRow[];
  readonly growth: readonly GrowthRow[];
  readonly leases: Leases;
  readonly inFlight: readonly InFlightRow[];
}

/** A run: where it was, and how long it took. */
export interface Run {
  readonly machine: Machine;
  readonly quick: boolean;
  readonly seconds: number;
}

/** Everything that a run measured, and what runs of single sections measured after it. */
export interface Raw extends Run, Sections {
  readonly apart?: Readonly<Partial<Record<keyof Sections, Run>>>;
}

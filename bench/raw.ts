import type { AccuracyRow } from "./accuracy/section.ts";
import type { EndToEndRow } from "./end-to-end/section.ts";
import type { GrowthRow } from "./growth/section.ts";
import type { Isolate } from "./isolate/section.ts";
import type { Machine } from "./lib/machine.ts";
import type { MoneyRow } from "./money/section.ts";
import type { RedisSideRow } from "./redis-side/section.ts";

/** Everything that a run measured: what the tables and plots are made of. */
export interface Raw {
  readonly machine: Machine;
  readonly quick: boolean;
  readonly seconds: number;
  readonly endToEnd: readonly EndToEndRow[];
  readonly redisSide: readonly RedisSideRow[];
  readonly isolate: Isolate;
  readonly accuracy: readonly AccuracyRow[];
  readonly money: readonly MoneyRow[];
  readonly growth: readonly GrowthRow[];
}

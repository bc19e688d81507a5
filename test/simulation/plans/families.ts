import { allJudges, type Bench } from "../judges/all.ts";
import type { Judge } from "../judges/judge.ts";
import type { Plan } from "../world/plan.ts";
import { reservedPlan } from "./reserved.ts";
import { swarmPlan } from "./swarm.ts";
import { windowsPlan } from "./windows.ts";

/** Worlds of one kind, and who judges them. */
export interface Family {
  readonly plan: (seed: number, calls?: number) => Plan;
  readonly judges: (bench: Bench) => readonly Judge[];
}

/** All kinds of worlds, by the name that `npm run simulate -- --of` takes. */
export const FAMILIES = {
  swarm: { plan: swarmPlan, judges: allJudges },
  windows: { plan: windowsPlan, judges: allJudges },
  reserved: { plan: reservedPlan, judges: allJudges },
} as const satisfies Record<string, Family>;

export type FamilyName = keyof typeof FAMILIES;

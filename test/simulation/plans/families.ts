import { allJudges, type Bench } from "../judges/all.ts";
import { deadlinesJudge } from "../judges/deadlines.ts";
import { endingsJudge } from "../judges/endings.ts";
import type { Judge } from "../judges/judge.ts";
import { leasesJudge } from "../judges/leases.ts";
import type { Plan } from "../world/plan.ts";
import { leasedPlan, surgingPlan } from "./leased.ts";
import { reservedPlan } from "./reserved.ts";
import { swarmPlan } from "./swarm.ts";
import { windowsPlan } from "./windows.ts";

/** Worlds of one kind, and who judges them. */
export interface Family {
  readonly plan: (seed: number, calls?: number) => Plan;
  readonly judges: (bench: Bench) => readonly Judge[];
}

/** Units that are spent later than they were taken are no affair of the other judges. */
export function judgesOfLeases({ world }: Pick<Bench, "world">): Judge[] {
  const databaseNow = (name: string) => world().databases.get(name)?.now() ?? Number.NaN;
  return [leasesJudge(databaseNow), deadlinesJudge(), endingsJudge()];
}

/** All kinds of worlds, by the name that `npm run simulate -- --of` takes. */
export const FAMILIES = {
  swarm: { plan: swarmPlan, judges: allJudges },
  windows: { plan: windowsPlan, judges: allJudges },
  leases: {
    plan: (seed, calls) => (seed % 4 === 0 ? surgingPlan(seed) : leasedPlan(seed, calls)),
    judges: judgesOfLeases,
  },
  reserved: { plan: reservedPlan, judges: allJudges },
} as const satisfies Record<string, Family>;

export type FamilyName = keyof typeof FAMILIES;

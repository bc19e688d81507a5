import { allJudges, type Bench } from "../judges/all.ts";
import { deadlinesJudge } from "../judges/deadlines.ts";
import { definitionJudge } from "../judges/definition.ts";
import { denialsJudge } from "../judges/denials.ts";
import { endingsJudge } from "../judges/endings.ts";
import { type HoldFigures, holdsJudge, noHoldFigures } from "../judges/holds.ts";
import type { Judge } from "../judges/judge.ts";
import { leasesJudge } from "../judges/leases.ts";
import { type LimitFigures, limitsJudge, noLimitFigures } from "../judges/limits.ts";
import { livesJudge } from "../judges/lives.ts";
import { neverMoreJudge } from "../judges/never-more.ts";
import { numbersJudge } from "../judges/numbers.ts";
import { noPenaltyFigures, type PenaltyFigures, penaltiesJudge } from "../judges/penalties.ts";
import { noRegionFigures, type RegionFigures, regionsJudge } from "../judges/regions.ts";
import { noRuleFigures, type RuleFigures, rulesJudge } from "../judges/rules.ts";
import { snapshotsJudge } from "../judges/snapshots.ts";
import { workersJudge } from "../judges/workers.ts";
import type { Plan } from "../world/plan.ts";
import { heldWorld } from "./held.ts";
import { leasedPlan, surgingPlan } from "./leased.ts";
import { leasedWindowsPlan, surgingPartsPlan, surgingWindowsPlan } from "./leased-windows.ts";
import { penalizedPlan } from "./penalized.ts";
import { leasedRegionalPlan, regionalPlan } from "./regional.ts";
import { reservedPlan } from "./reserved.ts";
import { ruledPlan } from "./ruled.ts";
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

/** A call is a piece of work and is answered when that is over, so that no deadline holds for it. */
export function judgesOfHolds({ plan, counted }: Bench, figures: HoldFigures = counted(noHoldFigures())): Judge[] {
  if (!plan.work) throw new TypeError(`${plan.name} has no work in flight to judge`);
  return [holdsJudge(plan.work, figures), workersJudge(plan.work), neverMoreJudge()];
}

/** Several databases give for a call, in one order or another, which the judges of one of them can't follow. */
export function judgesOfRegions(
  { plan, world, counted }: Bench,
  figures: RegionFigures = counted(noRegionFigures()),
): Judge[] {
  const databaseNow = (name: string) => world().databases.get(name)?.now() ?? Number.NaN;
  // What is granted on top is no affair of the judges of what is counted.
  const isLeased = plan.limiters.some(({ leases }) => leases);
  return [
    regionsJudge(databaseNow, figures),
    ...(isLeased ? [] : [definitionJudge(), neverMoreJudge(), livesJudge()]),
    deadlinesJudge(),
    endingsJudge(),
  ];
}

/** What is spent later than it was taken is no affair of the judges of what is counted; what a rule lets pass is counted nowhere. */
export function judgesOfRules(
  { plan, world, counted }: Bench,
  figures: RuleFigures & LimitFigures = counted({ ...noRuleFigures(), ...noLimitFigures() }),
): Judge[] {
  const databaseNow = (name: string) => world().databases.get(name)?.now() ?? Number.NaN;
  const ofCounts = [definitionJudge(), numbersJudge(), denialsJudge(), snapshotsJudge(databaseNow), livesJudge()];
  const isLeased = plan.limiters.some(({ leases }) => leases);
  return [
    rulesJudge(plan.population.noWaitUntil === 1 ? 1 : 2, figures),
    limitsJudge(figures),
    ...(isLeased ? [] : ofCounts),
    deadlinesJudge(),
    endingsJudge(),
  ];
}

/** Who is blocked depends on what is denied, and the other judges know of counts alone. */
export function judgesOfPenalties(
  { plan, world, counted }: Bench,
  figures: PenaltyFigures = counted(noPenaltyFigures()),
): Judge[] {
  const databaseNow = (name: string) => world().databases.get(name)?.now() ?? Number.NaN;
  return [penaltiesJudge(databaseNow, plan.apartMs ?? 0, figures), deadlinesJudge(), endingsJudge()];
}

const SURGES = [surgingPlan, surgingWindowsPlan, surgingPartsPlan];

/** All kinds of worlds, by the name that `npm run simulate -- --of` takes. */
export const FAMILIES = {
  swarm: { plan: swarmPlan, judges: allJudges },
  windows: { plan: windowsPlan, judges: allJudges },
  leases: {
    plan: (seed, calls) => {
      if (seed % 4 === 0) return (SURGES[(seed / 4) % SURGES.length] ?? surgingPlan)(seed);
      return (seed % 4 === 1 ? leasedWindowsPlan : leasedPlan)(seed, calls);
    },
    judges: judgesOfLeases,
  },
  reserved: { plan: reservedPlan, judges: allJudges },
  holds: { plan: (seed, calls) => heldWorld(seed, calls).plan, judges: (bench) => judgesOfHolds(bench) },
  regions: { plan: (seed, calls) => regionalPlan(seed, calls), judges: (bench) => judgesOfRegions(bench) },
  "leased-regions": { plan: leasedRegionalPlan, judges: (bench) => judgesOfRegions(bench) },
  penalties: { plan: penalizedPlan, judges: (bench) => judgesOfPenalties(bench) },
  rules: { plan: ruledPlan, judges: (bench) => judgesOfRules(bench) },
} as const satisfies Record<string, Family>;

export type FamilyName = keyof typeof FAMILIES;

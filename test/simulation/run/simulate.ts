import { allJudges, type Bench } from "../judges/all.ts";
import { noSums, type Sums } from "../judges/conservation.ts";
import { openCourt } from "../judges/court.ts";
import type { Complaint, Judge } from "../judges/judge.ts";
import type { Happening } from "../world/history.ts";
import type { Plan } from "../world/plan.ts";
import { createWorld, type World, type WorldOptions } from "../world/world.ts";
import { createDigest } from "./digest.ts";
import { count, type Figures, noFigures } from "./figures.ts";
import { createLeaseCount } from "./lease-figures.ts";

export interface SimulateOptions {
  readonly plan: Plan;
  readonly seed: number;
  readonly keeps?: WorldOptions["keeps"];
  /** Sees everything, too. */
  readonly watch?: (happening: Happening, world: World) => void;
  /** Default: all. */
  readonly judges?: (bench: Bench) => readonly Judge[];
}

/** What came of a run. */
export interface Outcome {
  readonly plan: string;
  readonly seed: number;
  readonly digest: string;
  readonly figures: Figures;
  readonly sums: Sums;
  /** What judges of its kind have counted, by name. */
  readonly counted: Readonly<Record<string, number>>;
  readonly events: number;
  /** Simulated ms. */
  readonly lastedMs: number;
  /** The first; the run ends with it. */
  readonly complaint: Complaint | undefined;
}

/** Runs a world to its end, or to the first complaint. */
export async function simulate(options: SimulateOptions): Promise<Outcome> {
  const { plan, seed, keeps, watch, judges = allJudges } = options;
  const sums = noSums();
  const counts: object[] = [];
  function counted<Counts extends object>(one: Counts): Counts {
    counts.push(one);
    return one;
  }
  const court = openCourt(judges({ plan, world: () => world, sums, counted }));
  const digest = createDigest();
  const figures = noFigures();
  const countLeases = createLeaseCount(figures.leases);
  const world = createWorld({
    plan,
    seed,
    ...(keeps && { keeps }),
    tell(happening) {
      digest.see(happening);
      count(figures, happening);
      countLeases(happening);
      court.see(happening);
      watch?.(happening, world);
      if (court.complaints.length > 0) world.stop();
    },
  });
  await world.run();
  return {
    plan: plan.name,
    seed,
    digest: digest.text(),
    figures,
    sums,
    counted: Object.assign({}, ...counts),
    events: world.events,
    lastedMs: world.now,
    complaint: court.complaints[0],
  };
}

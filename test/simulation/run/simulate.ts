import { bytesInUse } from "../../support/garbage.ts";
import { conservationJudge, type Sums } from "../judges/conservation.ts";
import { openCourt } from "../judges/court.ts";
import { deadlinesJudge } from "../judges/deadlines.ts";
import { definitionJudge } from "../judges/definition.ts";
import { denialsJudge } from "../judges/denials.ts";
import { endingsJudge } from "../judges/endings.ts";
import type { Complaint, Judge } from "../judges/judge.ts";
import { livesJudge } from "../judges/lives.ts";
import { memoryJudge } from "../judges/memory.ts";
import { neverMoreJudge } from "../judges/never-more.ts";
import { numbersJudge } from "../judges/numbers.ts";
import { retriesJudge } from "../judges/retries.ts";
import { snapshotsJudge } from "../judges/snapshots.ts";
import type { Happening } from "../world/history.ts";
import type { Plan } from "../world/plan.ts";
import { createWorld, type World, type WorldOptions } from "../world/world.ts";
import { createDigest } from "./digest.ts";
import { count, type Figures, noFigures } from "./figures.ts";

export interface SimulateOptions {
  readonly plan: Plan;
  readonly seed: number;
  readonly keeps?: WorldOptions["keeps"];
  /** Sees everything, too. */
  readonly watch?: (happening: Happening, world: World) => void;
  /** Default: all of today's. */
  readonly judges?: (world: () => World) => readonly Judge[];
}

/** What came of a run. */
export interface Outcome {
  readonly plan: string;
  readonly seed: number;
  readonly digest: string;
  readonly figures: Figures;
  readonly sums: Sums;
  readonly events: number;
  /** Simulated ms. */
  readonly lastedMs: number;
  /** The first; the run ends with it. */
  readonly complaint: Complaint | undefined;
}

/** Entries that a limiter in failure mode "memory" may keep while its store is away. */
const SPARE_KEYS = 10_000;

/** Runs a world to its end, or to the first complaint. */
export async function simulate({ plan, seed, keeps, watch, judges = todaysJudges(plan) }: SimulateOptions): Promise<Outcome> {
  const conservation = conservationJudge();
  const court = openCourt([...judges(() => world), conservation]);
  const digest = createDigest();
  const figures = noFigures();
  const world = createWorld({
    plan,
    seed,
    ...(keeps && { keeps }),
    tell(happening) {
      digest.see(happening);
      count(figures, happening);
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
    sums: { ...conservation.sums },
    events: world.events,
    lastedMs: world.now,
    complaint: court.complaints[0],
  };
}

function todaysJudges({ limiters }: Plan) {
  const most = limiters.reduce((sum, { snapshots }) => sum + (snapshots?.maxKeys ?? 0) + SPARE_KEYS, 0);
  return (world: () => World): Judge[] => [
    definitionJudge(),
    neverMoreJudge(),
    numbersJudge(),
    retriesJudge(),
    denialsJudge(),
    snapshotsJudge((name) => world().databases.get(name)?.now() ?? Number.NaN),
    livesJudge(),
    deadlinesJudge(),
    endingsJudge(),
    memoryJudge({ living: () => world().living(), most, collect: bytesInUse }),
  ];
}

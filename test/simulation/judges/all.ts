import { bytesInUse } from "../../support/garbage.ts";
import type { Plan } from "../world/plan.ts";
import type { World } from "../world/world.ts";
import { conservationJudge, type Sums } from "./conservation.ts";
import { deadlinesJudge } from "./deadlines.ts";
import { definitionJudge } from "./definition.ts";
import { denialsJudge } from "./denials.ts";
import { endingsJudge } from "./endings.ts";
import { inOrderJudge } from "./in-order.ts";
import type { Judge } from "./judge.ts";
import { livesJudge } from "./lives.ts";
import { memoryJudge } from "./memory.ts";
import { neverMoreJudge } from "./never-more.ts";
import { numbersJudge } from "./numbers.ts";
import { reallyUsedJudge } from "./really-used.ts";
import { retriesJudge } from "./retries.ts";
import { settlementsJudge } from "./settlements.ts";
import { snapshotsJudge } from "./snapshots.ts";
import { togetherJudge } from "./together.ts";

/** What judges are told of the world that they are to judge. */
export interface Bench {
  readonly plan: Plan;
  /** To be asked once the world has begun. */
  readonly world: () => World;
  /** Where the judge of conservation adds up. */
  readonly sums: Sums;
  /** Adds what a judge counts by name to what is told of the run, and returns it. */
  counted<Counts extends object>(counts: Counts): Counts;
}

/** Entries that a limiter in failure mode "memory" may keep while its store is away. */
const SPARE_KEYS = 10_000;

/** Today's judges. */
export function allJudges({ plan: { limiters }, world, sums }: Omit<Bench, "counted">): Judge[] {
  const most = limiters.reduce((sum, { snapshots }) => sum + (snapshots?.maxKeys ?? 0) + SPARE_KEYS, 0);
  const judges = judgesOfCalls((name) => world().databases.get(name)?.now() ?? Number.NaN, sums);
  return [...judges, memoryJudge({ living: () => world().living(), most, collect: bytesInUse })];
}

/** Those that judge what happens, and not what is kept. `databaseNow`: the clock of a database. */
export function judgesOfCalls(databaseNow: (database: string) => number, sums?: Sums): Judge[] {
  return [
    togetherJudge(),
    inOrderJudge(databaseNow),
    definitionJudge(),
    neverMoreJudge(),
    numbersJudge(),
    retriesJudge(),
    denialsJudge(),
    conservationJudge(sums),
    settlementsJudge(),
    reallyUsedJudge(),
    snapshotsJudge(databaseNow),
    livesJudge(),
    deadlinesJudge(),
    endingsJudge(),
  ];
}

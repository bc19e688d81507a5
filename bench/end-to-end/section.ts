import { groupBy } from "../lib/group-by.ts";
import type { Pace } from "../lib/pace.ts";
import type { Say } from "../lib/progress.ts";
import { type Figure, figure, shuffled } from "../lib/statistics.ts";
import type { Endpoints, Library } from "../subjects/subject.ts";
import type { Load, Measured } from "./load.ts";
import { type Runtime, startNode, startWorkerd } from "./runtimes.ts";

/** One library under one load in one runtime; a figure's rounds are in the order of the run, alike for all libraries. */
export interface EndToEndRow {
  readonly runtime: "node" | "workerd";
  readonly library: Library;
  readonly path: Load["path"];
  readonly keys: number;
  readonly inFlight: number;
  readonly perSecond: Figure;
  readonly p50Ms: Figure;
  readonly p99Ms: Figure;
  /** Checks per second in each round. */
  readonly rounds: readonly number[];
}

type Cell = Pick<EndToEndRow, "library" | "path" | "keys" | "inFlight">;

const LIBRARIES: readonly Library[] = [
  "sluice",
  "sluice, pipeline",
  "@upstash/ratelimit",
  "hono-rate-limiter",
  "rate-limiter-flexible",
];

/** A TCP connection, and requests that wait for each other's answers, are not for Workers. */
const ONLY_IN_NODE: readonly Library[] = ["rate-limiter-flexible", "sluice, pipeline"];

/** The load that the targets name. */
const TARGETS_IN_FLIGHT = 50;

/** Many keys denied: long enough for snapshots to age and to be asked for again, so that their price is in the figure. */
const LONGER_THAN_A_SNAPSHOT_MS = 5500;

export async function endToEnd(endpoints: Endpoints, pace: Pace, say: Say): Promise<EndToEndRow[]> {
  const rows: EndToEndRow[] = [];
  for (const [runtime, start] of [
    ["node", startNode],
    ["workerd", startWorkerd],
  ] as const) {
    const started = await start(endpoints);
    try {
      const libraries = LIBRARIES.filter((library) => runtime === "node" || !ONLY_IN_NODE.includes(library));
      const measured = await rounds(started, libraries, pace, (line) => say(`${runtime}: ${line}`));
      rows.push(...measured.map((row) => ({ runtime, ...row })));
    } finally {
      await started.stop();
    }
  }
  return rows;
}

async function rounds(runtime: Runtime, libraries: readonly Library[], pace: Pace, say: Say) {
  const cells: Cell[] = [];
  for (const library of libraries) {
    for (const inFlight of pace.inFlight) {
      cells.push({ library, path: "allowed", keys: 1, inFlight }, { library, path: "allowed", keys: 10_000, inFlight });
      cells.push({ library, path: "denied", keys: 1, inFlight });
    }
  }
  for (const inFlight of pace.inFlight) cells.push({ library: "bare request", path: "allowed", keys: 1, inFlight });
  const often = cells.filter(({ path, inFlight }) => path === "allowed" && inFlight === TARGETS_IN_FLIGHT);
  const many: Cell[] = libraries.map((library) => ({
    library,
    path: "denied",
    keys: pace.manyDenied,
    inFlight: TARGETS_IN_FLIGHT,
  }));
  const measured = new Map<Cell, Measured[]>();
  for (let round = 1; round <= pace.rounds; round += 1) {
    say(`round ${round} of ${pace.rounds}`);
    await pass(runtime, cells, measured, pace.loadMs);
    for (let time = 1; time < pace.timesForTargets; time += 1) await pass(runtime, often, measured, pace.loadMs);
    if (round <= pace.rounds / 2 || round === 1) {
      await pass(runtime, many, measured, pace.quick ? pace.loadMs : LONGER_THAN_A_SNAPSHOT_MS);
    }
  }
  return [...measured].map(([cell, results]) => ({
    ...cell,
    perSecond: figure(results.map(({ perSecond }) => perSecond)),
    p50Ms: figure(results.map(({ p50Ms }) => p50Ms)),
    p99Ms: figure(results.map(({ p99Ms }) => p99Ms)),
    rounds: results.map(({ perSecond }) => perSecond),
  }));
}

/** Every cell once. Loads in random order, and the libraries of one load next to each other in random order. */
async function pass(runtime: Runtime, cells: readonly Cell[], measured: Map<Cell, Measured[]>, durationMs: number) {
  const byLoad = groupBy(cells, ({ path, keys, inFlight }) => `${path} ${keys} ${inFlight}`);
  for (const alike of shuffled([...byLoad.values()])) {
    for (const cell of shuffled(alike)) {
      const { library, ...load } = cell;
      const result = await runtime.run({ library, load: { ...load, durationMs } });
      measured.set(cell, [...(measured.get(cell) ?? []), result]);
    }
  }
}

import type { Redis } from "ioredis";
import { noSums, type Sums } from "../judges/conservation.ts";
import { FAMILIES, type Family } from "../plans/families.ts";
import { addFigures, type Figures, noFigures } from "./figures.ts";
import { createSample } from "./replay.ts";
import { type Outcome, simulate } from "./simulate.ts";

export interface WorldsOptions {
  /** The first world's; each next one has the next number. */
  readonly seed: number;
  /** Calls in a world, about. */
  readonly calls: number;
  /** Default: the swarm. */
  readonly family?: Family;
  /** Whether another world is run, by what was run so far. */
  readonly goesOn: (done: Done) => boolean;
  /** Told after each world. */
  readonly progress?: (done: Done) => void;
  /** Where a sample of each world's steps is done again; without it none is. */
  readonly redis?: Redis;
}

/** What came of some worlds. */
export interface Done {
  worlds: number;
  simulatedMs: number;
  events: number;
  /** Steps that a real Redis did again. */
  replayed: number;
  readonly figures: Figures;
  readonly sums: Sums;
  /** What judges of that kind have counted, by name. */
  readonly counted: Record<string, number>;
  /** A fingerprint of all their fingerprints. */
  digest: string;
  /** Why it ended before its time: the world that a judge complained of, or what Redis did otherwise. */
  failed: Outcome | undefined;
  differences: readonly string[];
}

/** Runs one world after the other, until enough of them, a complaint or a difference. */
export async function runWorlds(options: WorldsOptions): Promise<Done> {
  const { seed, calls, goesOn, progress, redis, family = FAMILIES.swarm } = options;
  const { plan, judges } = family;
  const done: Done = {
    worlds: 0,
    simulatedMs: 0,
    events: 0,
    replayed: 0,
    figures: noFigures(),
    sums: noSums(),
    counted: {},
    digest: "",
    failed: undefined,
    differences: [],
  };
  for (let next = seed; goesOn(done) && !done.failed && done.differences.length === 0; next += 1) {
    const sample = createSample(8, 60);
    const outcome = await simulate({ plan: plan(next, calls), seed: next, judges, watch: sample.see });
    if (outcome.complaint) done.failed = outcome;
    else if (redis) {
      done.differences = (await sample.replay(redis)).map((text) => `seed ${next}: ${text}`);
      done.replayed += sample.steps;
    }
    done.worlds += 1;
    done.simulatedMs += outcome.lastedMs;
    done.events += outcome.events;
    done.digest = mixed(done.digest, outcome.digest);
    addFigures(done.figures, outcome.figures);
    for (const name of Object.keys(done.sums) as (keyof Sums)[]) done.sums[name] += outcome.sums[name];
    for (const [name, many] of Object.entries(outcome.counted)) done.counted[name] = (done.counted[name] ?? 0) + many;
    progress?.(done);
  }
  return done;
}

/** Both fingerprints in one, in their order. */
function mixed(before: string, next: string): string {
  const turned = before === "" ? 0n : BigInt.asUintN(64, BigInt(`0x${before}`) * 0x9e3779b97f4a7c15n);
  return (turned ^ BigInt(`0x${next}`)).toString(16).padStart(16, "0");
}

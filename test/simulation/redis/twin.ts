import type { Step } from "../../../src/algorithm/algorithm.ts";
import { policySet, type Script } from "../../../src/algorithm/scripts.ts";
import { MAX_AHEAD_MS, step } from "../../../src/algorithm/step.ts";
import { GRACE_MS } from "../../support/grace.ts";
import type { KeyStep } from "../world/history.ts";
import { ALGORITHMS, type Asked, readArguments } from "./argv.ts";
import type { Keyspace, Stored } from "./keyspace.ts";

/** What a script replied, and what it did to its keys. */
export interface Execution {
  readonly reply: unknown;
  readonly steps: readonly KeyStep[];
  /** Commands that are billed, with the one that ran the script; `NaN` where they depend on more than is known here. */
  readonly billed: number;
}

/** A script, and what stands in for it where there is no Redis. */
export interface Twin {
  readonly script: Script;
  run(keyspace: Keyspace, keys: readonly string[], args: readonly string[], now: number): Execution;
}

/** The twins of today's scripts: one key, one step. */
export const TWINS: readonly Twin[] = [...ALGORITHMS.map(({ script }) => script), policySet].map((script) => ({
  script,
  run: (keyspace, [key = ""], args, now) => runStep(keyspace, key, readArguments(script, args), now),
}));

function runStep(keyspace: Keyspace, key: string, asked: Asked, databaseNow: number): Execution {
  const { algorithms, demands } = asked;
  const isLog = algorithms[0]?.step !== undefined;
  const now = asked.now < 0 ? databaseNow : asked.now;
  const stored = keyspace.get(key, databaseNow);
  const leftMs = stored && stored.endsAt - databaseNow;
  const leadMs = stored ? timeOf(stored, isLog) - now : 0;
  const found = leadMs > GRACE_MS && (leftMs ?? 0) <= GRACE_MS ? undefined : stored;
  const { allowed, state, kept, ttlMs } = stepOf(asked, found?.value, now);
  // A log that stays as it was is not written.
  const wrote = allowed && kept !== found?.value;
  let endsAt = stored?.endsAt;
  if (wrote && isLog && (kept as readonly number[]).length === 2) {
    // Nothing is left of it.
    keyspace.delete(key);
    endsAt = undefined;
  } else if (wrote) {
    endsAt = databaseNow + ttlMs + GRACE_MS;
    keyspace.set(key, { value: kept, endsAt }, databaseNow);
  }
  const keyStep: KeyStep = {
    key,
    now,
    deltas: demands.map(({ delta }) => delta),
    ceilings: demands.map(({ ceiling }) => ceiling),
    allowed,
    continued: found !== undefined && leadMs <= MAX_AHEAD_MS,
    wrote,
    leftMs,
    endsAt,
  };
  // The script, GET, and what it needs besides. How much of a log is read depends on the log.
  const asksLife = leadMs > GRACE_MS && leadMs <= MAX_AHEAD_MS;
  const billed = isLog ? Number.NaN : 2 + Number(allowed) + Number(asked.now < 0) + Number(asksLife);
  return { reply: [allowed ? 1 : 0, ...state], steps: [keyStep], billed };
}

function stepOf({ algorithms, demands }: Asked, kept: unknown, now: number): Step {
  const [first] = algorithms;
  const [demand] = demands;
  if (first?.step && demand) return first.step(kept, now, demand);
  return step(algorithms, kept as Step["state"] | undefined, now, demands);
}

/** The latest time that was seen: the first number of a state, the newest entry's of a log. */
function timeOf({ value }: Stored, isLog: boolean): number {
  const numbers = value as readonly number[];
  return numbers[isLog ? numbers.length - 2 : 0] ?? 0;
}

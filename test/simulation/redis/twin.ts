import type { Demand, Step } from "../../../src/algorithm/algorithm.ts";
import { policySet, type Script } from "../../../src/algorithm/scripts.ts";
import { GRACE_MS, step } from "../../../src/algorithm/step.ts";
import type { KeyStep } from "../world/history.ts";
import { ALGORITHMS, type Asked, readArguments } from "./argv.ts";
import { inFlightScript, runInFlight } from "./in-flight.ts";
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
export const TWINS: readonly Twin[] = [
  ...[...ALGORITHMS.map(({ script }) => script), policySet].map(
    (script): Twin => ({
      script,
      run: (keyspace, [key = ""], args, now) => runStep(keyspace, key, readArguments(script, args), now),
    }),
  ),
  { script: inFlightScript, run: runInFlight },
];

function runStep(keyspace: Keyspace, key: string, asked: Asked, databaseNow: number): Execution {
  const { algorithms, demands } = asked;
  const isLog = algorithms[0]?.step !== undefined;
  const now = asked.now < 0 ? databaseNow : asked.now;
  const stored = keyspace.get(key, databaseNow);
  const leftMs = stored && stored.endsAt - databaseNow;
  const storedAt = stored ? timeOf(stored, isLog) : 0;
  // A state from a clock that is further ahead counts for its life without the grace.
  const asksLife = stored !== undefined && storedAt > now + GRACE_MS;
  const found = asksLife && (leftMs ?? 0) <= GRACE_MS ? undefined : stored;
  const { allowed, state, kept, ttlMs } = stepOf(asked, found?.value, now);
  const change = isLog
    ? logChange(demands[0] as Demand, allowed, found && storedAt, now)
    : { wrote: allowed, renews: true };
  if (change.wrote) {
    const endsAt = change.renews ? databaseNow + ttlMs + GRACE_MS : stored?.endsAt;
    if (endsAt === undefined || (isLog && isEmptyLog(kept))) keyspace.delete(key);
    else keyspace.set(key, { value: kept, endsAt }, databaseNow);
  }
  const endsAt = keyspace.get(key, databaseNow)?.endsAt;
  const keyStep: KeyStep = {
    key,
    now,
    deltas: demands.map(({ delta }) => delta),
    sinces: demands.map(({ since }) => since),
    ceilings: demands.map(({ ceiling }) => ceiling),
    allowed,
    continued: found !== undefined,
    wrote: change.wrote,
    renewed: change.wrote && change.renews && endsAt !== undefined,
    leftMs,
    endsAt,
  };
  // The script, GET, and what it needs besides. How much of a log is read depends on the log.
  const billed = isLog ? Number.NaN : 2 + Number(allowed) + Number(asked.now < 0) + Number(asksLife);
  return { reply: [allowed ? 1 : 0, ...state], steps: [keyStep], billed };
}

function stepOf({ algorithms, demands }: Asked, kept: unknown, now: number): Step {
  const [first] = algorithms;
  const [demand] = demands;
  if (first?.step && demand) return first.step(kept, now, demand);
  return step(algorithms, kept as Step["state"] | undefined, now, demands);
}

/** A log is written where something is taken, or given back of what counts; only the first lengthens its life. */
function logChange(
  { delta, pace: windowMs, since }: Demand,
  allowed: boolean,
  newest: number | undefined,
  now: number,
) {
  const counts = newest !== undefined && newest > now - windowMs;
  const at = Math.max(now, newest ?? 0);
  const isGone = since !== undefined && (since > at || since <= at - windowMs);
  return { wrote: allowed && (delta > 0 || (delta < 0 && counts && !isGone)), renews: delta > 0 };
}

/** Its pairs of time and running total, of which the first stands for what has left. */
const pairsOf = (log: unknown) => (log as { readonly pairs: readonly number[] }).pairs;
const isEmptyLog = (log: unknown) => pairsOf(log).length <= 2;

/** The latest time that was seen: the first number of a state, the newest entry's of a log. */
function timeOf({ value }: Stored, isLog: boolean): number {
  return (isLog ? pairsOf(value).at(-2) : (value as readonly number[])[0]) ?? 0;
}

import { type Demand, onlyLook, type State, type Step } from "../../../src/algorithm/algorithm.ts";
import { policySet, type Script } from "../../../src/algorithm/scripts.ts";
import { GRACE_MS, step } from "../../../src/algorithm/step.ts";
import { grantsTwin } from "../../support/grants-twin.ts";
import type { KeyStep } from "../world/history.ts";
import { ALGORITHMS, type Asked, GRANTS, KEY_SETS, readArguments } from "./argv.ts";
import { inFlightScript, openHolds, runInFlight } from "./in-flight.ts";
import type { Keyspace, Stored } from "./keyspace.ts";
import { LOOKUPS } from "./rules.ts";
import { type OpenPenalty, openPenalty } from "./strikes.ts";

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

/** The twins of today's scripts. */
export const TWINS: readonly Twin[] = [
  ...[...ALGORITHMS.map(({ script }) => script), policySet].map(
    (script): Twin => ({
      script,
      run: (keyspace, [key = ""], args, now) => runStep(keyspace, key, readArguments(script, args)[0], now),
    }),
  ),
  ...KEY_SETS.map(
    (script): Twin => ({
      script,
      run: (keyspace, keys, args, now) => runKeys(keyspace, keys, readArguments(script, args), now),
    }),
  ),
  ...GRANTS.map(
    (script): Twin => ({
      script,
      run: (keyspace, keys, args, now) => runGrants(keyspace, keys, readArguments(script, args), now),
    }),
  ),
  { script: inFlightScript, run: runInFlight },
  ...LOOKUPS.map(
    ({ script, run }): Twin => ({
      script,
      run: (keyspace, keys, args, now) => ({ ...run(keyspace, keys, args, now), steps: [] }),
    }),
  ),
];

/** What a step finds under its key. */
interface Found {
  readonly key: string;
  readonly asked: Asked;
  readonly isLog: boolean;
  /** The time that counts, unless the state has a later one. */
  readonly now: number;
  readonly leftMs: number | undefined;
  /** When what is stored ends, whether it counts or not. */
  readonly endedAt: number | undefined;
  /** Undefined: nothing that counts is there. */
  readonly stored: Stored | undefined;
  /** What a log tells before the step, which changes it in place. */
  readonly log: State | undefined;
  /** Whether the script had to ask how long the key still lives. */
  readonly asksLife: boolean;
}

function find(keyspace: Keyspace, key: string, asked: Asked, databaseNow: number): Found {
  const isLog = asked.algorithms[0]?.step !== undefined;
  const now = asked.now < 0 ? databaseNow : asked.now;
  const stored = keyspace.get(key, databaseNow);
  const leftMs = stored && stored.endsAt - databaseNow;
  const storedAt = stored ? timeOf(stored, isLog) : 0;
  // A state from a clock that is further ahead counts for its life without the grace.
  const asksLife = stored !== undefined && storedAt > now + GRACE_MS;
  const counts = !asksLife || (leftMs ?? 0) > GRACE_MS;
  const found = {
    key,
    asked,
    isLog,
    now,
    leftMs,
    endedAt: stored?.endsAt,
    stored: counts ? stored : undefined,
    log: undefined,
    asksLife,
  };
  return isLog ? { ...found, log: stepOf(found, asked.demands.map(looking)).state } : found;
}

function runStep(keyspace: Keyspace, key: string, asked: Asked, databaseNow: number): Execution {
  const found = find(keyspace, key, asked, databaseNow);
  const step = stepOf(found, asked.demands);
  const keyStep = write(keyspace, found, step, databaseNow);
  // The script, GET, and what it needs besides. How much of a log is read depends on the log.
  const billed = found.isLog ? Number.NaN : 2 + Number(step.allowed) + Number(asked.now < 0) + Number(found.asksLife);
  return { reply: [step.allowed ? 1 : 0, ...step.state], steps: [keyStep], billed };
}

/** All keys take, or none does; then each tells the state before the call. */
function runKeys(keyspace: Keyspace, keys: readonly string[], asked: readonly Asked[], databaseNow: number): Execution {
  const penalties = penaltiesOf(keyspace, keys, asked, databaseNow);
  const open = asked.map((one, i) => openKey(penalties[i]?.counts ?? keyspace, keys[i] ?? "", one, databaseNow));
  // What is not there any more is released: that keeps no other key's hold.
  const allowed = open
    .map(({ alone, isRelease }, i) => admits(penalties[i], alone.allowed || isRelease))
    .every(Boolean);
  const steps = open.map(({ alone, look }) => (allowed ? alone : look()));
  const keySteps = open.map(({ write, stayMs }, i) => ({
    ...write(allowed),
    ...penalties[i]?.close(allowed, stayMs()),
  }));
  // The script, MGET, and what it needs besides.
  const extra = open.reduce((sum, { asks }) => sum + asks, 0);
  const billed = 2 + (allowed ? keys.length : 0) + Number((asked[0]?.now ?? 0) < 0) + extra;
  const told = steps.flatMap(({ state }, i) => [...state, ...toldOf(penalties[i])]);
  return { reply: [allowed ? 1 : 0, ...told], steps: keySteps, billed };
}

/** The penalty of each key that has one. */
function penaltiesOf(
  keyspace: Keyspace,
  keys: readonly string[],
  asked: readonly Asked[],
  databaseNow: number,
): readonly (OpenPenalty | undefined)[] {
  return asked.map(({ penalty, now }, i) => {
    return penalty && openPenalty(keyspace, keys[i] ?? "", penalty, now < 0 ? databaseNow : now, databaseNow);
  });
}

/** Each key's own verdict is asked for, whatever the others say: it may be a strike. */
function admits(penalty: OpenPenalty | undefined, allowed: boolean): boolean {
  return (penalty?.rules(!allowed) ?? true) && allowed;
}

const toldOf = (penalty: OpenPenalty | undefined): number[] => (penalty ? [penalty.told] : []);

/** One key of several, before anything is written. */
interface OpenKey {
  readonly alone: Step;
  readonly isRelease: boolean;
  /** Commands that the key needs besides; `NaN` where that depends on what is held. */
  readonly asks: number;
  look(): Step;
  write(taken: boolean): KeyStep;
  /** For how many ms what it found lives on if it is written back as it was. */
  stayMs(): number;
}

function openKey(keyspace: Keyspace, key: string, asked: Asked, databaseNow: number): OpenKey {
  const { algorithms, demands } = asked;
  const [demand] = demands;
  if (algorithms[0]?.code === "n" && demand) {
    const holds = openHolds(keyspace, key, asked.now, demand, databaseNow);
    return { ...holds, isRelease: demand.ceiling >= 0 && demand.delta < 0, asks: Number.NaN, stayMs: () => 0 };
  }
  const found = find(keyspace, key, asked, databaseNow);
  // Of parts, the script of one policy tells only the oldest, this one all.
  const whole = (step: Step): Step => ({ ...step, state: step.kept as Step["state"] });
  const alone = whole(stepOf(found, demands));
  const look = () => whole(stepOf(found, demands.map(looking)));
  const asks = Number(found.asksLife);
  return {
    alone,
    look,
    isRelease: false,
    asks,
    write: (taken) => write(keyspace, found, taken ? alone : look(), databaseNow),
    stayMs: () => stayMsOf(found),
  };
}

/** By the caller's clock, as if it were written now; where that is far behind, as long as it would have lived. */
function stayMsOf(found: Found): number {
  if (!found.stored) return 0;
  if (found.asksLife) return found.leftMs ?? 0;
  const nothing = found.asked.demands.map(({ since: _since, ...demand }) => ({
    ...demand,
    delta: 0,
    ceiling: Infinity,
  }));
  return stepOf(found, nothing).ttlMs + GRACE_MS;
}

/** What comes back, the call on all keys, and what is granted on top; tells of the call alone. */
function runGrants(
  keyspace: Keyspace,
  keys: readonly string[],
  asked: readonly Asked[],
  databaseNow: number,
): Execution {
  const penalties = penaltiesOf(keyspace, keys, asked, databaseNow);
  const found = asked.map((one, i) => find(penalties[i]?.counts ?? keyspace, keys[i] ?? "", one, databaseNow));
  const requests = found.map(({ asked: { algorithms, demands, lease }, now }) => ({
    program: {
      algorithms,
      step: (kept: unknown, at: number, all: readonly Demand[]) =>
        step(algorithms, kept as Step["state"] | undefined, at, all),
    },
    ...{ now, demands, ...lease },
  }));
  const twin = grantsTwin(
    requests,
    found.map(({ stored }) => stored?.value),
    (k, allowed) => admits(penalties[k], allowed),
  );
  const keySteps = found.map((one, i): KeyStep => {
    const { state, granted, write: written } = twin.keys[i] as (typeof twin.keys)[number];
    const done = { allowed: written !== undefined, state, kept: written?.kept, ttlMs: written?.ttlMs ?? 0 };
    return {
      ...write(penalties[i]?.counts ?? keyspace, one, done, databaseNow),
      ...penalties[i]?.close(done.allowed, stayMsOf(one)),
      allowed: twin.allowed,
      lease: leaseOf(one.asked, granted, twin.allowed),
    };
  });
  const lives = found.filter(({ asksLife }) => asksLife).length;
  const writes = keySteps.filter(({ wrote }) => wrote).length;
  const billed = 2 + writes + Number((asked[0]?.now ?? 0) < 0) + lives;
  const reply = [
    twin.allowed ? 1 : 0,
    ...twin.keys.flatMap(({ granted, state }, i) => [granted, ...state, ...toldOf(penalties[i])]),
  ];
  return { reply, steps: keySteps, billed };
}

/** In units of the first policy; a bucket counts each as many as its window has ms. */
function leaseOf(
  { algorithms, demands: [first], lease }: Asked,
  granted: number,
  allowed: boolean,
): Required<KeyStep>["lease"] {
  const each = algorithms[0]?.code === "b" ? (first?.windowMs ?? 1) : 1;
  const cost = (first?.delta ?? 0) / each;
  return { own: allowed ? cost : 0, granted: granted * cost, back: (lease?.back[0] ?? 0) / each };
}

function stepOf({ asked: { algorithms }, stored, now }: Found, demands: readonly Demand[]): Step {
  const [first] = algorithms;
  const [demand] = demands;
  const kept = stored?.value;
  if (first?.step && demand) return first.step(kept, now, demand);
  return step(algorithms, kept as Step["state"] | undefined, now, demands);
}

/** The same demand, which admits nothing. */
function looking(demand: Demand): Demand {
  return demand.ceiling < 0 ? demand : { ...demand, ceiling: onlyLook(demand.ceiling) };
}

/** Keeps what the step leaves; tells what happened to the key. */
function write(keyspace: Keyspace, found: Found, { allowed, kept, ttlMs }: Step, databaseNow: number): KeyStep {
  const { key, asked, isLog, now, leftMs, endedAt, stored, log } = found;
  const { demands } = asked;
  const change = isLog ? logChange(demands[0] as Demand, allowed, log) : { wrote: allowed, renews: true };
  const lastsTo = change.renews ? databaseNow + ttlMs + GRACE_MS : endedAt;
  if (change.wrote && lastsTo !== undefined) keyspace.set(key, { value: kept, endsAt: lastsTo }, databaseNow);
  const endsAt = keyspace.get(key, databaseNow)?.endsAt;
  return {
    key,
    now,
    deltas: demands.map(({ delta }) => delta),
    sinces: demands.map(({ since }) => since),
    ceilings: demands.map(({ ceiling }) => ceiling),
    allowed,
    continued: stored !== undefined,
    wrote: change.wrote,
    renewed: change.wrote && change.renews && endsAt !== undefined,
    leftMs,
    endsAt,
  };
}

/** A log is written where something is taken, or given back of what counts; only the first lengthens its life. */
function logChange({ delta, pace: windowMs, since }: Demand, allowed: boolean, log: State | undefined) {
  const [at, , total = 0, base = 0] = log ?? [0];
  const isGone = since !== undefined && (since > at || since <= at - windowMs);
  return { wrote: allowed && (delta > 0 || (delta < 0 && total > base && !isGone)), renews: delta > 0 };
}

/** Its pairs of time and running total, of which the first stands for what has left. */
const pairsOf = (log: unknown) => (log as { readonly pairs: readonly number[] }).pairs;

/** The latest time that was seen: the first number of a state, the newest entry's of a log. */
function timeOf({ value }: Stored, isLog: boolean): number {
  return (isLog ? pairsOf(value).at(-2) : (value as readonly number[])[0]) ?? 0;
}

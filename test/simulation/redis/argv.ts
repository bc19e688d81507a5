import type { Algorithm, Demand } from "../../../src/algorithm/algorithm.ts";
import { calendarWindowAlgorithm } from "../../../src/algorithm/calendar-window.ts";
import { fixedWindowAlgorithm } from "../../../src/algorithm/fixed-window.ts";
import { inFlightAlgorithm } from "../../../src/algorithm/in-flight/algorithm.ts";
import {
  grants,
  grantsStrikes,
  grantsWindows,
  keySet,
  keySetHolds,
  keySetStrikes,
  keySetWindows,
  policySet,
  type Script,
} from "../../../src/algorithm/scripts.ts";
import { slidingLogAlgorithm } from "../../../src/algorithm/sliding-log.ts";
import { slidingPartsAlgorithm } from "../../../src/algorithm/sliding-parts.ts";
import { slidingWindowAlgorithm } from "../../../src/algorithm/sliding-window.ts";
import { tokenBucketAlgorithm } from "../../../src/algorithm/token-bucket.ts";
import { PENALTY_ARGUMENTS, type PenaltyAsked, penaltyAt } from "./strikes.ts";

export const ALGORITHMS: readonly Algorithm[] = [
  tokenBucketAlgorithm,
  slidingWindowAlgorithm,
  fixedWindowAlgorithm,
  slidingLogAlgorithm,
  // How many parts there are, the demand tells.
  slidingPartsAlgorithm(2),
  // And which period of which calendar.
  calendarWindowAlgorithm("", () => {
    throw new Error("a calendar is the limiter's");
  }),
];

/** All that have a letter: holds are decided by scripts of their own, or among several keys. */
const LETTERS: readonly Algorithm[] = [...ALGORITHMS, inFlightAlgorithm];

/** The scripts of several keys that take nothing ahead. */
export const KEY_SETS: readonly Script[] = [keySet, keySetWindows, keySetHolds, keySetStrikes];

/** Those that do. */
export const GRANTS: readonly Script[] = [grants, grantsStrikes, grantsWindows];

/** What the arguments of a script ask for. */
export interface Asked {
  /** Below 0: the clock of Redis. */
  readonly now: number;
  readonly algorithms: readonly Algorithm[];
  readonly demands: readonly Demand[];
  /** What a key of grants.lua asks for beside it, and what comes back. */
  readonly lease?: { readonly spare: number; readonly since: number; readonly back: readonly number[] };
  /** Of a key with a penalty. */
  readonly penalty?: PenaltyAsked;
}

/** How many numbers a policy has. */
const numbersOf = ({ code }: Algorithm) => ("bpc".includes(code) ? 5 : 3);

/** Reads ARGV for each key: the one place that knows the order of the arguments. Throws where they are none of the script's. */
export function readArguments(script: Script, args: readonly string[]): readonly [Asked, ...Asked[]] {
  const now = Number(args[0]);
  if (KEY_SETS.includes(script)) return readKeys(now, args);
  if (GRANTS.includes(script)) return readGrants(now, args);
  if (script === policySet) return [readPolicies(now, args, 2, Infinity)[0]];
  const algorithm = ALGORITHMS.find((one) => one.script === script);
  if (!algorithm) throw new Error("a script that has no twin here");
  const numbers = 1 + numbersOf(algorithm);
  if (args.length !== numbers && args.length !== numbers + 1) {
    throw new Error(`arguments that no script has: ${args.join(" ")}`);
  }
  const demand = demandAt(algorithm, args, 1, args[numbers]);
  return [{ now, algorithms: [withParts(algorithm, demand)], demands: [demand] }];
}

/** For each key the number of its policies, how many counts they have, and the policies. */
function readKeys(now: number, args: readonly string[]): readonly [Asked, ...Asked[]] {
  const keys: Asked[] = [];
  for (let i = 1; i < args.length; ) {
    const penalty = penaltyAt(args, i);
    if (penalty) i += PENALTY_ARGUMENTS;
    const [asked, next] = readPolicies(now, args, i + 2, Number(args[i]));
    const size = asked.algorithms.reduce((sum, algorithm) => sum + algorithm.size, 0);
    if (Number(args[i + 1]) !== size) throw new Error(`${args[i + 1]} counts, where the policies have ${size}`);
    keys.push({ ...asked, ...(penalty && { penalty }) });
    i = next;
  }
  return keys as [Asked, ...Asked[]];
}

/** As for several keys, with what is asked for and comes back; each policy is followed by what comes back to it. */
function readGrants(now: number, args: readonly string[]): readonly [Asked, ...Asked[]] {
  const keys: Asked[] = [];
  let i = 1;
  while (i < args.length) {
    const penalty = penaltyAt(args, i);
    if (penalty) i += PENALTY_ARGUMENTS;
    const [policies, , spare, since] = args.slice(i, i + 4).map(Number) as [number, number, number, number];
    i += 4;
    const parts = Array.from({ length: policies }, () => {
      const [asked, next] = readPolicies(now, args, i, 1);
      i = next + 1;
      return { asked, back: Number(args[next]) };
    });
    keys.push({
      now,
      algorithms: parts.flatMap(({ asked }) => asked.algorithms),
      demands: parts.flatMap(({ asked }) => asked.demands),
      lease: { spare, since, back: parts.map(({ back }) => back) },
      ...(penalty && { penalty }),
    });
  }
  return keys as [Asked, ...Asked[]];
}

/** At most `most` policies from there on, and where they end. */
function readPolicies(now: number, args: readonly string[], from: number, most: number): readonly [Asked, number] {
  const algorithms: Algorithm[] = [];
  const demands: Demand[] = [];
  let i = from;
  while (i < args.length && algorithms.length < most) {
    const since = args[i] === "@" ? args[i + 1] : undefined;
    if (since !== undefined) i += 2;
    const algorithm = LETTERS.find(({ code }) => code === args[i]);
    if (!algorithm) throw new Error(`no algorithm has the code ${args[i]}`);
    const demand = demandAt(algorithm, args, i + 1, since);
    i += 1 + numbersOf(algorithm);
    const id = algorithm === inFlightAlgorithm ? args[i++] : "";
    algorithms.push(withParts(algorithm, demand));
    demands.push({ ...demand, ...(id && { id }) });
  }
  return [{ now, algorithms, demands }, i];
}

function withParts(algorithm: Algorithm, { parts }: Demand): Algorithm {
  return parts === undefined ? algorithm : slidingPartsAlgorithm(parts);
}

function demandAt(algorithm: Algorithm, args: readonly string[], from: number, since: string | undefined): Demand {
  const [delta = Number.NaN, pace = Number.NaN, ceiling = Number.NaN, full = Number.NaN, windowMs = Number.NaN] = args
    .slice(from, from + numbersOf(algorithm))
    .map(Number);
  const all = { delta, pace, ceiling, ...(since !== undefined && { since: Number(since) }) };
  if (algorithm.code === "p") return { ...all, full, parts: windowMs };
  return numbersOf(algorithm) === 5 ? { ...all, full, windowMs } : all;
}

import type { Algorithm, Demand } from "../../../src/algorithm/algorithm.ts";
import { fixedWindowAlgorithm } from "../../../src/algorithm/fixed-window.ts";
import { policySet, type Script } from "../../../src/algorithm/scripts.ts";
import { slidingLogAlgorithm } from "../../../src/algorithm/sliding-log.ts";
import { slidingWindowAlgorithm } from "../../../src/algorithm/sliding-window.ts";
import { tokenBucketAlgorithm } from "../../../src/algorithm/token-bucket.ts";

export const ALGORITHMS: readonly Algorithm[] = [
  tokenBucketAlgorithm,
  slidingWindowAlgorithm,
  fixedWindowAlgorithm,
  slidingLogAlgorithm,
];

/** What the arguments of a script ask for. */
export interface Asked {
  /** Below 0: the clock of Redis. */
  readonly now: number;
  readonly algorithms: readonly Algorithm[];
  readonly demands: readonly Demand[];
}

/** How many numbers a policy has: a bucket two more, its units when full and its window. */
const numbersOf = (algorithm: Algorithm) => (algorithm === tokenBucketAlgorithm ? 5 : 3);

/** Reads ARGV: the one place that knows the order of the arguments. Throws where they are none of the script's. */
export function readArguments(script: Script, args: readonly string[]): Asked {
  const now = Number(args[0]);
  if (script !== policySet) {
    const algorithm = ALGORITHMS.find((one) => one.script === script);
    if (!algorithm) throw new Error("a script that has no twin here");
    const numbers = 1 + numbersOf(algorithm);
    if (args.length !== numbers && args.length !== numbers + 1) {
      throw new Error(`arguments that no script has: ${args.join(" ")}`);
    }
    return { now, algorithms: [algorithm], demands: [demandAt(algorithm, args, 1, args[numbers])] };
  }
  const algorithms: Algorithm[] = [];
  const demands: Demand[] = [];
  for (let i = 2; i < args.length; ) {
    const since = args[i] === "@" ? args[i + 1] : undefined;
    if (since !== undefined) i += 2;
    const algorithm = ALGORITHMS.find(({ code }) => code === args[i]);
    if (!algorithm) throw new Error(`no algorithm has the code ${args[i]}`);
    algorithms.push(algorithm);
    demands.push(demandAt(algorithm, args, i + 1, since));
    i += 1 + numbersOf(algorithm);
  }
  return { now, algorithms, demands };
}

function demandAt(algorithm: Algorithm, args: readonly string[], from: number, since: string | undefined): Demand {
  const [delta = Number.NaN, pace = Number.NaN, ceiling = Number.NaN, full = Number.NaN, windowMs = Number.NaN] = args
    .slice(from, from + numbersOf(algorithm))
    .map(Number);
  const all = { delta, pace, ceiling, ...(since !== undefined && { since: Number(since) }) };
  return numbersOf(algorithm) === 5 ? { ...all, full, windowMs } : all;
}

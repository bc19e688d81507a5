import { misuse } from "../core/misuse.ts";
import type { Algorithm, Demand, State, Step } from "./algorithm.ts";
import { kindOf, type Policy } from "./policy.ts";
import { policySet, type Script } from "./scripts.ts";
import { step } from "./step.ts";

/** The most policies that one verdict combines. */
export const MAX_POLICIES = 8;

/** What a limiter's policies come to: one script, and its twin. */
export interface Program {
  readonly algorithms: readonly Algorithm[];
  readonly script: Script;
  /** The script of several keys, where the usual one does not know all of the algorithms. */
  readonly set: Script | undefined;
  /** What makes states incompatible, as a part of store keys: `"b10s"` is a bucket over 10 s. */
  readonly kind: string;
  /** The script's arguments. */
  args(now: number, demands: readonly Demand[]): string[];
  /** Whether a script's reply has the numbers that a state has. */
  isState(numbers: readonly number[]): numbers is State;
  /** The twin: what the script does and replies, in this process, on what the last step kept. */
  step(kept: unknown, now: number, demands: readonly Demand[]): Step;
  /** The same for calls that only look, where a denial leaves something otherwise. */
  readonly look?: Program;
}

/** The program for policies that are decided together; throws if they can't be. */
export function programFor(policies: readonly Policy[]): Program {
  const algorithms = checkedAlgorithms(policies);
  const only = algorithms.length === 1 ? algorithms[0] : undefined;
  const ownStep = only?.step;
  const numbers = 1 + algorithms.reduce((sum, { size }) => sum + size, 0);
  const set = algorithms.find((algorithm) => algorithm.set)?.set;
  return {
    algorithms,
    script: only ? only.script : (set ?? policySet),
    set,
    kind: policies.map(kindOf).join("+"),
    // A script of several keys with one key is a script of several policies.
    args: only ? singleArgs : setArgs(algorithms, set ? [algorithms.length, numbers - 1] : [numbers - 1]),
    // Only a log, which has a step of its own, and parts, of which not all are told, reply pairs besides.
    isState(found): found is State {
      const more = found.length - (only?.told ? 3 : numbers);
      return more === 0 || (more > 0 && more % 2 === 0 && !!(ownStep ?? only?.told));
    },
    step: ownStep
      ? (kept, now, [demand]) => ownStep(kept, now, demand as Demand)
      : (kept, now, demands) => step(algorithms, kept as State | undefined, now, demands),
  };
}

function checkedAlgorithms(policies: readonly Policy[]): Algorithm[] {
  if (!Array.isArray(policies) || policies.length < 1 || policies.length > MAX_POLICIES) {
    throw misuse("policies", `a list of 1 to ${MAX_POLICIES} policies`, policies, true);
  }
  const algorithms = policies.map((policy: Policy): Algorithm => {
    if (policy?.algorithm?.script) return policy.algorithm;
    throw new TypeError("policies must be made by tokenBucket or its like");
  });
  const names = new Set(policies.map(({ name }: Policy) => name));
  if (names.size < policies.length) throw new RangeError("policies must have distinct names");
  if (algorithms.length > 1 && algorithms.some((algorithm) => algorithm.step)) {
    // A log is a list of its own and holds are records, so neither could share the one value of the others.
    throw new RangeError("a slidingLog or inFlight must be the only policy");
  }
  return algorithms;
}

function singleArgs(now: number, [demand]: readonly Demand[]): string[] {
  const args = [now, ...numbersOf(demand as Demand)];
  if (demand?.since !== undefined) args.push(demand.since);
  return args.map(String);
}

/** What the scripts are told of a demand. */
export function numbersOf({ delta, pace, ceiling, full, windowMs = 0, parts = windowMs }: Demand): number[] {
  return full === undefined ? [delta, pace, ceiling] : [delta, pace, ceiling, full, parts];
}

/** What the scripts of several policies are told of all of them. */
export function argsOfAll(algorithms: readonly Algorithm[], demands: readonly Demand[]): (string | number)[] {
  return algorithms.flatMap(({ code }, i) => {
    const demand = demands[i] as Demand;
    const own = [code, ...numbersOf(demand)];
    return demand.since === undefined ? own : ["@", demand.since, ...own];
  });
}

function setArgs(algorithms: readonly Algorithm[], sizes: readonly number[]): Program["args"] {
  return (now, demands) => [now, ...sizes, ...argsOfAll(algorithms, demands)].map(String);
}

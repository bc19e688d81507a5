import { durationText } from "../core/duration.js";
import { shown } from "../core/whole-number.js";
import type { Algorithm, Demand } from "./algorithm.js";
import { fixedWindowAlgorithm } from "./fixed-window.js";
import type { Policy } from "./policy.js";
import { fixedWindow, policySet, type Script, slidingLog, slidingWindow, tokenBucket } from "./scripts.js";
import { slidingLogAlgorithm } from "./sliding-log.js";
import { type Log, slidingLogStep } from "./sliding-log-step.js";
import { slidingWindowAlgorithm } from "./sliding-window.js";
import { type State, type Step, step } from "./step.js";
import { tokenBucketAlgorithm } from "./token-bucket.js";

/** The most policies that one verdict combines. */
export const MAX_POLICIES = 8;

/** What a limiter's policies come to: one script, and its twin. */
export interface Program {
  readonly algorithms: readonly Algorithm[];
  readonly script: Script;
  /** What makes states incompatible, as a part of store keys: `"b10s"` is a bucket over 10 s. */
  readonly kind: string;
  /** The script's arguments. */
  args(now: number, demands: readonly Demand[]): string[];
  /** Whether a script's reply has the numbers that a state has. */
  isState(numbers: readonly number[]): numbers is State;
  /** The twin: what the script does and replies, in this process, on what the last step kept. */
  step(kept: unknown, now: number, demands: readonly Demand[]): Step;
}

const ALGORITHMS = {
  tokenBucket: { algorithm: tokenBucketAlgorithm, script: tokenBucket },
  slidingWindow: { algorithm: slidingWindowAlgorithm, script: slidingWindow },
  fixedWindow: { algorithm: fixedWindowAlgorithm, script: fixedWindow },
  slidingLog: { algorithm: slidingLogAlgorithm, script: slidingLog },
} as const;

/** The program for policies that are decided together; throws if they can't be. */
export function programFor(policies: readonly Policy[]): Program {
  const parts = checkedParts(policies);
  const [only] = parts;
  const algorithms = parts.map(({ algorithm }) => algorithm);
  const kind = policies.map(({ windowMs }, i) => `${algorithms[i]?.code}${durationText(windowMs)}`).join("+");
  const numbers = 1 + algorithms.reduce((sum, { size }) => sum + size, 0);
  const exact = { isState: (found: readonly number[]): found is State => found.length === numbers };
  const steps = {
    step: (kept: unknown, now: number, demands: readonly Demand[]) =>
      step(algorithms, kept as State | undefined, now, demands),
  };
  if (parts.length > 1 || !only) {
    return { algorithms, kind, script: policySet, args: setArgs(algorithms, numbers - 1), ...exact, ...steps };
  }
  const { script } = only;
  if (script !== slidingLog) return { algorithms, kind, script, args: singleArgs, ...exact, ...steps };
  return {
    algorithms,
    kind,
    script,
    args: singleArgs,
    isState: (found): found is State => found.length >= numbers && (found.length - numbers) % 2 === 0,
    step: (kept, now, [demand]) => slidingLogStep(kept as Log | undefined, now, demand as Demand),
  };
}

function checkedParts(policies: readonly Policy[]) {
  if (!Array.isArray(policies) || policies.length < 1 || policies.length > MAX_POLICIES) {
    throw new RangeError(`policies must be a list of 1 to ${MAX_POLICIES} policies, not ${shown(policies)}`);
  }
  const parts = policies.map((policy: Policy) => {
    const known = ALGORITHMS[policy?.algorithm];
    if (known) return known;
    throw new TypeError("policies must be made by tokenBucket, slidingWindow, fixedWindow or slidingLog");
  });
  const names = new Set(policies.map(({ name }: Policy) => name));
  if (names.size < policies.length) throw new RangeError("policies must have distinct names");
  if (parts.length > 1 && parts.some(({ script }) => script === slidingLog)) {
    // A log is a list of its own, so it could not share the one value, the one read and the one write of the others.
    throw new RangeError("policies with a slidingLog must be that one alone; slidingWindow combines with others");
  }
  return parts;
}

function singleArgs(now: number, [demand]: readonly Demand[]): string[] {
  return demand ? [`${now}`, `${demand.delta}`, `${demand.pace}`, `${demand.ceiling}`] : [];
}

function setArgs(algorithms: readonly Algorithm[], size: number): Program["args"] {
  return (now, demands) => {
    const perPolicy = demands.flatMap(({ delta, pace, ceiling }, i) => [algorithms[i]?.code, delta, pace, ceiling]);
    return [now, size, ...perPolicy].map(String);
  };
}

import { durationText } from "../core/duration.js";
import { shown } from "../core/whole-number.js";
import type { Algorithm, Demand } from "./algorithm.js";
import { fixedWindowAlgorithm } from "./fixed-window.js";
import type { Policy } from "./policy.js";
import { fixedWindow, policySet, type Script, slidingWindow, tokenBucket } from "./scripts.js";
import { slidingWindowAlgorithm } from "./sliding-window.js";
import { type Step, step } from "./step.js";
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
  /** The twin: what the script does and replies, in this process. */
  step(state: unknown, now: number, demands: readonly Demand[]): Step;
}

const ALGORITHMS = {
  tokenBucket: { algorithm: tokenBucketAlgorithm, script: tokenBucket },
  slidingWindow: { algorithm: slidingWindowAlgorithm, script: slidingWindow },
  fixedWindow: { algorithm: fixedWindowAlgorithm, script: fixedWindow },
} as const;

/** The program for policies that are decided together; throws if they can't be. */
export function programFor(policies: readonly Policy[]): Program {
  if (!Array.isArray(policies) || policies.length < 1 || policies.length > MAX_POLICIES) {
    throw new RangeError(`policies must be a list of 1 to ${MAX_POLICIES} policies, not ${shown(policies)}`);
  }
  const names = new Set(policies.map((policy: Policy) => policy.name));
  if (names.size < policies.length) throw new RangeError("policies must have distinct names");
  const parts = policies.map((policy: Policy) => {
    const known = ALGORITHMS[policy.algorithm as keyof typeof ALGORITHMS];
    if (!known) throw new TypeError(`policies must be made by tokenBucket, slidingWindow or fixedWindow`);
    return known;
  });
  const algorithms = parts.map(({ algorithm }) => algorithm);
  const single = parts.length === 1 ? parts[0] : undefined;
  return {
    algorithms,
    script: single ? single.script : policySet,
    kind: policies.map(({ windowMs }: Policy, i) => `${algorithms[i]?.code}${durationText(windowMs)}`).join("+"),
    args: single ? singleArgs : (now, demands) => setArgs(algorithms, now, demands),
    step: (state, now, demands) => step(algorithms, state as Step["state"], now, demands),
  };
}

function singleArgs(now: number, [demand]: readonly Demand[]): string[] {
  return demand ? [`${now}`, `${demand.delta}`, `${demand.pace}`, `${demand.ceiling}`] : [];
}

function setArgs(algorithms: readonly Algorithm[], now: number, demands: readonly Demand[]): string[] {
  const size = algorithms.reduce((sum, algorithm) => sum + algorithm.size, 0);
  return [
    `${now}`,
    `${size}`,
    ...demands.flatMap(({ delta, pace, ceiling }, i) => [
      `${algorithms[i]?.code}`,
      `${delta}`,
      `${pace}`,
      `${ceiling}`,
    ]),
  ];
}

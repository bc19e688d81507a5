import type { PenaltyNumbers } from "../../algorithm/penalty.ts";
import type { LimiterToDescribe, PolicyToDescribe } from "../../core/limiter-to-describe.ts";

/** What a limiter was made with, as far as the database keeps it. */
export interface LimiterDescription {
  readonly name: string;
  readonly policies: readonly PolicyDescription[];
  /** Its `penalty`, if it has one. */
  readonly penalty?: PenaltyDescription;
  /** Where its quota is split by `regions`: the names of the databases. Each of them keeps a share of every policy. */
  readonly regions?: readonly string[];
  /**
   * What it said today or yesterday before that, if it was something else. Either it has been deployed anew, or two limiters share the
   * name, of which each isolate writes its own.
   */
  readonly otherwise?: Omit<LimiterDescription, "otherwise">;
}

/** What was said to `penalty`, times in ms. */
export interface PenaltyDescription {
  readonly after: number;
  readonly withinMs: number;
  readonly forMs: number;
  readonly factor: number;
  readonly mostMs: number;
}

/** One policy of it. */
export interface PolicyDescription {
  readonly name: string;
  /**
   * What made it: `"tokenBucket"`, `"slidingWindow"`, `"fixedWindow"`, `"slidingLog"`, `"inFlight"`; a name that is not known here
   * otherwise.
   */
  readonly algorithm: string;
  /** What was said to it besides the numbers: `"p10-"` is ten `parts`, `"c1month@Asia/Tokyo"` a month of `calendar` there. */
  readonly kind?: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly burst: number;
}

/** What stored letters stand for; the writer has none of these words, since every isolate ships it. */
const ALGORITHMS: Readonly<Record<string, string>> = {
  b: "tokenBucket",
  s: "slidingWindow",
  f: "fixedWindow",
  l: "slidingLog",
  p: "slidingWindow",
  c: "fixedWindow",
  n: "inFlight",
};

/** The text that stands for a limiter: JSON, at most some 1.5 kB. */
export function descriptionText({ policies, details }: LimiterToDescribe): string {
  const described = policies.map(({ name, algorithm: { code, kind }, limit, windowMs, burst }: PolicyToDescribe) => {
    return { name, algorithm: code, kind: kind?.(""), limit, windowMs, burst };
  });
  return JSON.stringify({ policies: described, ...details });
}

/** What such a text says; `undefined` for any other. */
export function descriptionIn(name: string, text: string): LimiterDescription | undefined {
  try {
    const { policies: listed, penalty: numbers, regions } = JSON.parse(text) as Kept;
    const policies = listed.map(inWords);
    const penalty = numbers && penaltyIn(numbers);
    const isKnown = policies.every(isDescription) && (penalty === undefined || isWhole(Object.values(penalty)));
    if (!isKnown || !(regions === undefined || areNames(regions))) return undefined;
    return { name, policies, ...(penalty && { penalty }), ...(regions && { regions }) };
  } catch {
    return undefined;
  }
}

/** As it is kept. */
type Kept = Pick<LimiterDescription, "policies" | "regions"> & { readonly penalty?: PenaltyNumbers };

const penaltyIn = ({ after, within, length, factor, most }: PenaltyNumbers): PenaltyDescription => ({
  after,
  withinMs: within,
  forMs: length,
  factor,
  mostMs: most,
});

const isWhole = (numbers: readonly unknown[]) => numbers.every(Number.isSafeInteger);
const areNames = (regions: readonly unknown[]) => regions.every((name) => typeof name === "string");

const inWords = (policy: PolicyDescription): PolicyDescription => ({
  ...policy,
  algorithm: ALGORITHMS[policy.algorithm] ?? policy.algorithm,
});

function isDescription({ name, algorithm, kind = "", limit, windowMs, burst }: PolicyDescription): boolean {
  const isText = [name, algorithm, kind].every((text) => typeof text === "string");
  return isText && isWhole([limit, windowMs, burst]);
}

import type { LimiterToDescribe, PolicyToDescribe } from "../../core/limiter-to-describe.ts";

/** What a limiter was made with, as far as the database keeps it. */
export interface LimiterDescription {
  readonly name: string;
  readonly policies: readonly PolicyDescription[];
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
export function descriptionText({ policies }: LimiterToDescribe): string {
  const described = policies.map(({ name, algorithm: { code, kind }, limit, windowMs, burst }: PolicyToDescribe) => {
    return { name, algorithm: code, kind: kind?.(""), limit, windowMs, burst };
  });
  return JSON.stringify({ policies: described });
}

/** What such a text says; `undefined` for any other. */
export function descriptionIn(name: string, text: string): LimiterDescription | undefined {
  try {
    const policies = (JSON.parse(text) as LimiterDescription).policies.map(inWords);
    return policies.every(isDescription) ? { name, policies } : undefined;
  } catch {
    return undefined;
  }
}

const inWords = (policy: PolicyDescription): PolicyDescription => ({
  ...policy,
  algorithm: ALGORITHMS[policy.algorithm] ?? policy.algorithm,
});

function isDescription({ name, algorithm, kind = "", limit, windowMs, burst }: PolicyDescription): boolean {
  const isText = [name, algorithm, kind].every((text) => typeof text === "string");
  return isText && [limit, windowMs, burst].every(Number.isSafeInteger);
}

import type { LimiterToDescribe, PolicyToDescribe } from "../../core/limiter-to-describe.ts";

/** What a limiter was made with, as far as the database keeps it. */
export interface LimiterDescription {
  readonly name: string;
  readonly policies: readonly PolicyDescription[];
}

/** One policy of it. */
export interface PolicyDescription {
  readonly name: string;
  /** What made it: `"tokenBucket"`, `"slidingWindow"`, `"fixedWindow"`, `"slidingLog"`; a name that is not known here otherwise. */
  readonly algorithm: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly burst: number;
}

const ALGORITHMS: Readonly<Record<string, string>> = {
  b: "tokenBucket",
  s: "slidingWindow",
  f: "fixedWindow",
  l: "slidingLog",
};

/** The text that stands for a limiter: JSON, at most some 1.5 kB. */
export function descriptionText({ policies }: LimiterToDescribe): string {
  const described = policies.map(({ name, algorithm, limit, windowMs, burst }: PolicyToDescribe) => {
    return { name, algorithm: ALGORITHMS[algorithm.code] ?? algorithm.code, limit, windowMs, burst };
  });
  return JSON.stringify({ policies: described });
}

/** What such a text says; `undefined` for any other. */
export function descriptionIn(name: string, text: string): LimiterDescription | undefined {
  try {
    const { policies } = JSON.parse(text) as LimiterDescription;
    return policies.every(isDescription) ? { name, policies } : undefined;
  } catch {
    return undefined;
  }
}

function isDescription({ name, algorithm, limit, windowMs, burst }: PolicyDescription): boolean {
  const isText = typeof name === "string" && typeof algorithm === "string";
  return isText && [limit, windowMs, burst].every(Number.isSafeInteger);
}

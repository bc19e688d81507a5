import type { LimiterEvent } from "../../core/event.ts";

/** Which database answers this isolate fastest. */
export interface Nearest {
  /** The names, the fastest first; those never heard of last, in their order. */
  order(): string[];
  observe(event: LimiterEvent): void;
  isMeasured(): boolean;
  /** Asks each once, all at once; never rejects. */
  measure(asks: readonly (() => Promise<unknown>)[]): Promise<void>;
}

/** The part of a new measurement in the mean. */
const NEW_PART = 0.2;

/** What a failure counts, in ms. */
const FAILED_MS = 10_000;

export function createNearest(names: readonly string[]): Nearest {
  const meanMs = new Map<string, number>();
  let isMeasured = names.length < 2;

  function note(name: string, ms: number) {
    const mean = meanMs.get(name) ?? ms;
    meanMs.set(name, mean + NEW_PART * (ms - mean));
  }

  return {
    order: () => names.toSorted((a, b) => (meanMs.get(a) ?? Infinity) - (meanMs.get(b) ?? Infinity) || 0),
    observe(event) {
      if (event.type === "store" && event.region) note(event.region, event.error ? FAILED_MS : event.ms);
    },
    isMeasured: () => isMeasured,
    async measure(asks) {
      isMeasured = true;
      const since = Date.now();
      await Promise.allSettled(
        asks.map(async (ask, i) => {
          await ask();
          note(names[i] as string, Date.now() - since);
        }),
      );
    },
  };
}

import { quantile } from "../lib/statistics.ts";
import type { Check } from "../subjects/subject.ts";

export interface Load {
  readonly path: "allowed" | "denied";
  readonly keys: number;
  readonly inFlight: number;
  readonly durationMs: number;
  /** Whether most calls are answered without Redis; of denials they are where a library can. */
  readonly local?: boolean;
}

export interface Measured {
  readonly calls: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A call without a round trip takes about a microsecond: reading the clock at each would measure the clock. */
const CALLS_PER_LOOK = 256;
const LOCAL_MS = 0.02;

/**
 * Callers in a closed loop. A check that goes to Redis begins in a turn of the event loop of its own, as it does where
 * requests come in one by one: callers in step would share HTTP requests in a way that servers don't see.
 */
export async function measure(
  check: Check,
  { path, keys, inFlight, durationMs, local = path === "denied" }: Load,
): Promise<Measured> {
  const latencies: number[] = [];
  let calls = 0;
  const begin = performance.now();
  const end = begin + durationMs;
  const caller = async () => {
    let callsPerLook = 1;
    for (let now = begin; now < end; ) {
      await turn();
      const start = performance.now();
      for (let i = 0; i < callsPerLook; i += 1) {
        if ((await check(keyOf(calls++ % keys))) !== (path === "allowed")) throw new Error(`a check was not ${path}`);
      }
      now = performance.now();
      latencies.push((now - start) / callsPerLook);
      callsPerLook = local && (now - start) / callsPerLook < LOCAL_MS ? CALLS_PER_LOOK : 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  return {
    calls,
    perSecond: (calls / (performance.now() - begin)) * 1000,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
  };
}

/** Loads the scripts, and for denials brings every key over the limit, which is 1. */
export async function prepare(check: Check, { path, keys }: Load): Promise<void> {
  await check(keyOf(0));
  if (path === "allowed") return;
  for (let first = 0; first < keys; first += 100) {
    const some = Array.from({ length: Math.min(100, keys - first) }, (_key, i) => keyOf(first + i));
    await Promise.all(some.map(check));
    await Promise.all(some.map(check));
  }
}

const keyOf = (i: number) => `user:${100_000_000 + i}`;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

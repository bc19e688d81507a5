import { createLimiter, type Decision, type FailureMode, type RedisClient, redisStore, tokenBucket } from "sluice";
import type { LoopLag } from "./loop-lag.ts";
import { createShadow, type Shadow } from "./shadow.ts";

export interface LoadOptions {
  readonly mode: FailureMode;
  readonly client: RedisClient;
  readonly timeoutMs: number;
  readonly lag: LoopLag;
  /** Counts the lives of Redis: each begins with nothing stored. */
  life(): number;
}

export interface Tally {
  calls: number;
  answered: number;
  store: number;
  snapshot: number;
  memory: number;
  lease: number;
  fallback: number;
  rule: number;
  penalty: number;
  /** Calls that had to wait for their deadline. */
  waited: number;
  slowestMs: number;
  /** Calls that took longer than the deadline, 50 ms, and what the event loop stood still meanwhile. */
  late: number;
  /** Admitted by store or memory though the bucket was empty; with failure mode closed, any other admission too. */
  wrong: number;
  /** Anything that `consume` threw. */
  thrown: number;
}

export interface Load {
  readonly mode: FailureMode;
  readonly tally: Tally;
  /** Asks once more, whatever comes of it. */
  ask(): Promise<Decision>;
  /** Resolves when the calls under way are done. */
  stop(): Promise<void>;
}

const LIMIT = 20;
const WINDOW_MS = 1000;
const SLACK_MS = 50;
/** Each has one key and one call at a time: so the order of a key's calls is known, and with it what may be admitted. */
const CALLERS = 16;
const PAUSE_MS = 5;

/** Callers that ask one limiter for more than it has, again and again. */
export function startLoad({ mode, client, timeoutMs, lag, life }: LoadOptions): Load {
  // The time stands still during a call, so that the shadow counts with the very time that the limiter sent.
  let clock = 0;
  const tick = () => {
    clock = Math.floor(performance.timeOrigin + performance.now());
    return clock;
  };
  tick();
  const limiter = createLimiter({
    store: redisStore(client),
    policies: [tokenBucket({ limit: LIMIT, window: WINDOW_MS })],
    name: `soak-${mode}`,
    failureMode: mode,
    timeoutMs,
    now: () => clock,
  });
  const tally: Tally = {
    calls: 0,
    answered: 0,
    store: 0,
    snapshot: 0,
    memory: 0,
    lease: 0,
    fallback: 0,
    rule: 0,
    penalty: 0,
    waited: 0,
    slowestMs: 0,
    late: 0,
    wrong: 0,
    thrown: 0,
  };
  let stopped = false;

  async function caller(key: string): Promise<void> {
    let lifeSeen = -1;
    let stored: Shadow | undefined;
    const spare = createShadow(LIMIT, WINDOW_MS);
    while (!stopped) {
      const lived = life();
      if (lived !== lifeSeen) stored = createShadow(LIMIT, WINDOW_MS);
      lifeSeen = lived;
      const at = tick();
      const from = performance.now();
      tally.calls += 1;
      try {
        const decision = await limiter.consume(key);
        tally.answered += 1;
        tally[decision.source] += 1;
        if (decision.allowed && !rightly(decision, at, stored as Shadow, spare)) tally.wrong += 1;
      } catch {
        tally.thrown += 1;
      }
      timed(from, performance.now());
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  function rightly({ source }: Decision, at: number, stored: Shadow, spare: Shadow): boolean {
    if (source === "fallback") return mode === "open";
    if (source === "memory") return mode === "memory" && spare.admit(at);
    return source === "store" && stored.admit(at);
  }

  function timed(from: number, to: number): void {
    const took = to - from;
    if (took >= timeoutMs) tally.waited += 1;
    tally.slowestMs = Math.max(tally.slowestMs, took);
    if (took > timeoutMs + SLACK_MS && took > timeoutMs + SLACK_MS + lag.during(from, to)) tally.late += 1;
  }

  const callers = Array.from({ length: CALLERS }, (_caller, i) => caller(`key-${i}`));
  return {
    mode,
    tally,
    ask() {
      tick();
      return limiter.consume("one more");
    },
    async stop() {
      stopped = true;
      await Promise.all(callers);
    },
  };
}

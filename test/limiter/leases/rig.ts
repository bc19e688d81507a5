import { type Policy, tokenBucket } from "../../../src/algorithm/policy.ts";
import type { Decision } from "../../../src/core/decision.ts";
import type { LimiterEvent } from "../../../src/core/event.ts";
import { leases } from "../../../src/limiter/leases/leases.ts";
import { createLimiter, type Limiter } from "../../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../../src/limiter/options.ts";
import type { RemoteStore } from "../../../src/store/store.ts";
import { clockAt } from "../../support/clock.ts";
import { simulatedRedis } from "../../support/simulated-redis.ts";

export const MAX_MS = 1000;

/** Isolates on one store and one clock; what they ask for, and work behind answers. */
export function rigOf(policies: Policy[] = [tokenBucket({ name: "p", limit: 6000, window: "1 m", burst: 200 })]) {
  const clock = clockAt();
  const redis = simulatedRedis(clock.now);
  const asked: string[] = [];
  const tasks: Promise<unknown>[] = [];
  let gate: Promise<void> | undefined;
  /** The same store; while a gate is closed, replies wait behind it. */
  const store: RemoteStore = {
    ...redis,
    async step(request, signal) {
      asked.push("step");
      const reply = await redis.step(request, signal);
      await gate;
      return reply;
    },
    async run(script, keys, args, signal) {
      asked.push("grants");
      const reply = await redis.run?.(script, keys, args, signal);
      await gate;
      return reply;
    },
  };
  const events: LimiterEvent[] = [];
  const isolate = (options: Partial<LimiterOptions> = {}): Limiter =>
    createLimiter({
      name: "hot",
      store,
      policies,
      now: clock.now,
      leases: leases({ maxMs: MAX_MS }),
      onEvent: (event) => events.push(event),
      ...options,
    });
  return {
    clock,
    asked,
    events,
    tasks,
    store,
    isolate,
    waitUntil: (task: Promise<unknown>) => void tasks.push(task),
    /** Replies wait until what this returns is called. */
    close() {
      let open = () => {};
      gate = new Promise((resolve) => {
        open = () => {
          gate = undefined;
          resolve();
        };
      });
      return () => open();
    },
  };
}

/** So many calls, one every 10 ms, and what they were answered. */
export async function calls(
  { clock }: Pick<ReturnType<typeof rigOf>, "clock">,
  limiter: Limiter,
  many: number,
  key = "k",
): Promise<Decision[]> {
  const decisions: Decision[] = [];
  for (let i = 0; i < many; i += 1) {
    decisions.push(await limiter.consume(key));
    clock.ms += 10;
  }
  return decisions;
}

export const sources = (decisions: readonly Decision[]) =>
  decisions.map(({ source, allowed }) => `${source}${allowed ? "+" : "-"}`);

import { fixedWindow, type Policy } from "../../../src/algorithm/policy.ts";
import { StoreError } from "../../../src/core/errors.ts";
import type { LimiterEvent } from "../../../src/core/event.ts";
import { createLimiter, type Limiter } from "../../../src/limiter/limiter.ts";
import type { LimiterOptions } from "../../../src/limiter/options.ts";
import type { RegionsOptions } from "../../../src/limiter/regions/plan.ts";
import { regions } from "../../../src/limiter/regions/regions.ts";
import type { RemoteStore } from "../../../src/store/store.ts";
import { clockAt } from "../../support/clock.ts";
import { simulatedRedis } from "../../support/simulated-redis.ts";

export type Name = "fra" | "iad" | "syd";

/** Limiters over three databases; what each was asked for, and what becomes of requests on their way. */
export function rigOf(policies: Policy[] = [fixedWindow({ name: "p", limit: 10, window: "1 m" })]) {
  const clock = clockAt();
  const asked: Name[] = [];
  const state: Record<Name, "well" | "away" | "silent" | "deaf"> = { fra: "well", iad: "well", syd: "well" };
  /** Runs before a request reaches its database. */
  const hooks: { before?: ((name: Name) => unknown) | undefined } = {};

  function storeOf(name: Name): RemoteStore {
    const redis = simulatedRedis(clock.now);
    async function through<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
      asked.push(name);
      if (state[name] === "away") throw new StoreError("network", `${name} is away`);
      if (state[name] === "silent") {
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      }
      await hooks.before?.(name);
      const reply = await request();
      // It has heard of it, but nobody hears of that.
      return state[name] === "deaf" ? new Promise(() => {}) : reply;
    }
    return {
      remote: true,
      clock: "limiter",
      step: (request, signal) => through(() => redis.step(request, signal), signal),
      run: (script, keys, args, signal) => through(async () => redis.run?.(script, keys, args, signal), signal),
      reset: (key, signal) => through(() => redis.reset(key, signal), signal),
    };
  }

  const stores: Record<Name, RemoteStore> = { fra: storeOf("fra"), iad: storeOf("iad"), syd: storeOf("syd") };
  const events: LimiterEvent[] = [];
  /** An isolate's limiter; what it knows is its own. */
  function isolate(
    { near = "fra", shares }: Partial<Pick<RegionsOptions<Name>, "near" | "shares">> = {},
    options: Partial<LimiterOptions> = {},
  ): Limiter {
    return createLimiter({
      name: "api",
      store: regions({ near, stores, shares }),
      policies,
      now: clock.now,
      onEvent: (event) => events.push(event),
      ...options,
    });
  }
  return {
    clock,
    asked,
    state,
    hooks,
    stores,
    events,
    isolate,
    /** What was asked since it was last taken. */
    taken: () => asked.splice(0),
  };
}

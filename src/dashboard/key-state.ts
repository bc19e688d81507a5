import { fixedWindow, type Policy, slidingLog, slidingWindow, tokenBucket } from "../algorithm/policy.ts";
import type { PolicyStatus } from "../core/decision.ts";
import type { LimiterDescription, PolicyDescription } from "../limiter/described/description.ts";
import { createLimiter, type Limiter } from "../limiter/limiter.ts";
import { redisStore } from "../store/redis.ts";
import type { RedisClient } from "../store/redis-client.ts";

/** One key in one limiter, as it is now. */
export interface KeyState {
  readonly limiter: string;
  readonly policies: readonly PolicyStatus[];
  /** Why there is no telling. */
  readonly error?: string;
}

/** The key's state in each of the limiters. */
export function keyStates(
  redis: RedisClient,
  namespace: string | undefined,
  descriptions: readonly LimiterDescription[],
  key: string,
): Promise<KeyState[]> {
  return Promise.all(
    descriptions.map(async (description): Promise<KeyState> => {
      const limiter = description.name;
      try {
        const decision = await limiterFrom(redis, namespace, description).peek(key);
        if ("policies" in decision) return { limiter, policies: decision.policies };
        // Of the rules this limiter has none.
        const error = decision.source === "fallback" ? decision.error.message : "A rule decides about this key";
        return { limiter, policies: [], error };
      } catch (error) {
        return { limiter, policies: [], error: (error as Error).message };
      }
    }),
  );
}

/** The limiter that has described itself so, on a store of its own. */
export function limiterFrom(
  redis: RedisClient,
  namespace: string | undefined,
  { name, policies }: LimiterDescription,
): Limiter {
  return createLimiter({
    name,
    store: redisStore(redis, { namespace }),
    policies: policies.map(policyFrom),
    failureMode: "closed",
    snapshots: false,
    breaker: false,
    timeoutMs: 5000,
  });
}

const MAKERS: Readonly<Record<string, typeof tokenBucket>> = { tokenBucket, slidingWindow, fixedWindow, slidingLog };

function policyFrom({ algorithm, name, limit, windowMs: window, burst }: PolicyDescription): Policy {
  const make = Object.hasOwn(MAKERS, algorithm) ? MAKERS[algorithm] : undefined;
  if (!make) throw new Error(`This page does not know policies of the kind ${algorithm}`);
  return make({ name, limit, window, ...(make === tokenBucket && { burst }) });
}

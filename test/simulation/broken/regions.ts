import { createLimiter, type Limiter } from "../../../src/limiter/limiter.ts";
import { regions } from "../../../src/limiter/regions/regions.ts";
import { redisStore } from "../../../src/store/redis.ts";
import type { RedisClient } from "../../../src/store/redis-client.ts";
import { plainLimiter, plainOptions } from "../world/limiter.ts";
import type { LimiterMaker } from "../world/plan.ts";

/** The part that is left over is each isolate's own region's. */
export const remainderToEach: LimiterMaker = (parts) => {
  const { rule, client, region } = parts;
  const stores = Object.fromEntries(
    (rule.regions ?? []).map(({ database }) => [database, redisStore(client(database), { clock: rule.clock })]),
  );
  const shares = { ...rule.shares, [region]: (rule.shares?.[region] ?? 0) + 1 };
  return createLimiter({ ...plainOptions(parts), store: regions({ near: region, stores, shares }) });
};

/** What comes back is brought elsewhere, or more often. */
const returning =
  (
    bring: (own: () => Promise<unknown>, others: readonly (() => Promise<unknown>)[]) => Promise<unknown>,
  ): LimiterMaker =>
  (parts) => {
    const databases = (parts.rule.regions ?? []).map(({ database }) => database);
    const changed = (client: RedisClient, others: readonly RedisClient[]): RedisClient => ({
      ...client,
      evalsha(sha1, keys, args) {
        const send = (to: RedisClient) => () => to.evalsha(sha1, keys, args);
        return Number(args[1]) < 0 ? bring(send(client), others.map(send)) : send(client)();
      },
      withSignal(signal) {
        const own = (one: RedisClient) => one.withSignal?.(signal) ?? one;
        return changed(own(client), others.map(own));
      },
    });
    const client = (database: string) => {
      const others = databases.filter((other) => other !== database).map(parts.client);
      return changed(parts.client(database), others);
    };
    return plainLimiter({ ...parts, client });
  };

export const returningElsewhere = returning((own, [other]) => (other ?? own)());

export const returningTwice = returning(async (own) => {
  await own();
  return own();
});

/** Whoever is denied is let pass, since another database could not be asked. */
export const openAfterDenial: LimiterMaker = (parts): Limiter => {
  const limiter = plainLimiter(parts);
  return {
    ...limiter,
    async consume(key, options) {
      const decision = await limiter.consume(key, options);
      if (decision.allowed || decision.source !== "store") return decision;
      const { policy, limit } = decision;
      const error = new Error("away") as never;
      return { allowed: true, policy, limit, retryAfterMs: 0, delayMs: 0, source: "fallback", error };
    },
  };
};

/** What some regions gave in vain is let pass all the same. */
export const halfGiven: LimiterMaker = (parts): Limiter => {
  const limiter = plainLimiter(parts);
  return {
    ...limiter,
    async consume(key, options) {
      const decision = await limiter.consume(key, options);
      if (decision.allowed || decision.source !== "store" || !options?.cost) return decision;
      const [region = ""] = (parts.rule.regions ?? []).map(({ database }) => database);
      const units = decision.policies.map(() => options.cost as number);
      return { ...decision, allowed: true, regions: { [region]: { at: decision.at, units } } };
    },
  };
};

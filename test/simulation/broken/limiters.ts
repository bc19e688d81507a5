import type { Decision } from "../../../src/core/decision.ts";
import type { Limiter } from "../../../src/limiter/limiter.ts";
import type { RedisClient } from "../../../src/store/redis-client.ts";
import { plainLimiter, plainSet } from "../world/limiter.ts";
import type { LimiterMaker, SetMaker } from "../world/plan.ts";

/** Today's limiter with a `consume` of another kind. */
const consuming =
  (change: (consume: Limiter["consume"]) => Limiter["consume"]): LimiterMaker =>
  (parts) => {
    const limiter = plainLimiter(parts);
    return { ...limiter, consume: change(limiter.consume) };
  };

/** Denies for as long again as the store has told. */
export const keepingSnapshots: LimiterMaker = (parts) => {
  const denials = new Map<string, { readonly decision: Decision; readonly until: number }>();
  return consuming((consume) => async (key, options) => {
    const denial = denials.get(key);
    if (denial && Date.now() < denial.until) return { ...denial.decision, source: "snapshot" } as Decision;
    const decision = await consume(key, options);
    const until = Date.now() + 2 * decision.retryAfterMs;
    if (decision.source === "store" && !decision.allowed) denials.set(key, { decision, until });
    return decision;
  })(parts);
};

/** Tells callers to come back too early. */
export const hasty: LimiterMaker = consuming((consume) => async (key, options) => {
  const decision = await consume(key, options);
  return { ...decision, retryAfterMs: Math.floor(decision.retryAfterMs / 2) };
});

/** Tells nobody to wait for what a bucket lends. */
export const lendingNow: LimiterMaker = consuming((consume) => async (key, options) => {
  const decision = await consume(key, options);
  return { ...decision, delayMs: 0 };
});

/** Answers ten ms after its deadline, now and then. */
export const late: LimiterMaker = (parts) =>
  consuming((consume) => async (key, options) => {
    const decision = await consume(key, options);
    if (Math.random() < 0.05) await new Promise((resolve) => setTimeout(resolve, parts.rule.timeoutMs + 10));
    return decision;
  })(parts);

/** Leaves a timer behind. */
export const untidy: LimiterMaker = consuming((consume) => async (key, options) => {
  const decision = await consume(key, options);
  setTimeout(() => {}, 1000);
  return decision;
});

/** Remembers every key. */
export const hoarding: LimiterMaker = (parts) => {
  const seen = new Map<string, number>();
  return consuming((consume) => async (key, options) => {
    seen.set(key, seen.size);
    return consume(key, options);
  })(parts);
};

/** Refunds are sent a second time, to be sure. */
export const refundingTwice: LimiterMaker = (parts) => {
  const limiter = plainLimiter(parts);
  return {
    ...limiter,
    async refund(key, cost, options) {
      await limiter.refund(key, cost, options);
      return limiter.refund(key, cost, options);
    },
  };
};

/** Sends again what has no answer within a ms. */
export const impatient: LimiterMaker = (parts) => {
  const twice = ({ evalsha, eval: run, del }: RedisClient): RedisClient => ({
    evalsha: (...command) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => evalsha(...command).then(resolve, reject), 1);
        evalsha(...command)
          .then(resolve, reject)
          .finally(() => clearTimeout(timer));
      }),
    eval: run,
    del,
  });
  return plainLimiter({ ...parts, client: (database) => twice(parts.client(database)) });
};

/** Sends again what failed. */
export const retrying: LimiterMaker = (parts) => {
  const again = ({ evalsha, eval: run, del }: RedisClient): RedisClient => ({
    evalsha: (sha1, keys, args) => evalsha(sha1, keys, args).catch(() => evalsha(sha1, keys, args)),
    eval: run,
    del,
  });
  return plainLimiter({ ...parts, client: (database) => again(parts.client(database)) });
};

/** Asks one limiter after the other, until one denies. */
export const oneByOne: SetMaker = (limiters, parts) => ({
  ...plainSet(limiters, parts),
  async consume(keys, options) {
    let decision: Decision | undefined;
    for (const [name, limiter] of Object.entries(limiters)) {
      decision = await limiter.consume((keys as Readonly<Record<string, string>>)[name] as string, options);
      if (!decision.allowed) break;
    }
    return decision as Decision;
  },
});

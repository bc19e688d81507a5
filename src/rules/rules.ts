import { misuse } from "../core/misuse.ts";
import { wholeNumber } from "../core/whole-number.ts";
import type { Extension } from "../limiter/extension.ts";
import { MAX_TIMER_MS } from "../limiter/time.ts";
import { redisStore } from "../store/redis.ts";
import type { RedisClient } from "../store/redis-client.ts";
import { describersOf } from "./describer.ts";
import { createReader } from "./reader.ts";
import { createRefresher } from "./refresher.ts";
import { ruledLevel } from "./ruled-level.ts";

export interface RulesOptions {
  /** A client as for `redisStore`, of the Redis that the operators' rules are in: the limiter's or another one. */
  redis: RedisClient;
  /** Stands before the rules' key, as that of `redisStore`. Default: none. */
  namespace?: string | undefined;
  /**
   * Ms after which an isolate asks whether the rules have changed: a whole number from 1 to 2^31 - 1. Two commands are billed
   * for that, and none for the checks between. Default 10 000.
   */
  refreshMs?: number | undefined;
}

/**
 * What operators change while it runs: limits, and whom to allow or block, by `npx sluice rules` or `openRules`. One for all limiters
 * of a program, as in `createLimiter({ rules: rules({ redis }), … })`. The first check of an isolate reads the rules before it
 * decides, within the limiter's `timeoutMs`; where that fails no rules apply, and the next check tries again. Later it reads
 * them behind an answer where there is a `waitUntil`, else before one; where that fails the rules known go on. Throws a
 * `TypeError` or `RangeError` that names the option.
 */
export function rules(options: RulesOptions): Extension {
  if (typeof options !== "object" || options === null) throw misuse("The options of rules", "an object", options);
  const { redis, namespace, refreshMs = 10_000 } = options;
  wholeNumber("refreshMs", refreshMs, 1, MAX_TIMER_MS);
  const store = redisStore(redis, { namespace });
  const refresher = createRefresher(createReader(store), refreshMs);
  const describerOf = describersOf(store, refreshMs);
  return {
    level: (level) => ruledLevel(level, refresher, describerOf(level.options)),
  };
}

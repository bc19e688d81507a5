import { fixedWindow, type Policy, slidingLog, slidingWindow, tokenBucket } from "../../../src/algorithm/policy.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import { redisStore } from "../../../src/store/redis.ts";
import type { PolicyRule } from "./history.ts";
import type { LimiterMaker } from "./plan.ts";

/** Today's limiter, as a program on that platform would make it. */
export const plainLimiter: LimiterMaker = ({ rule, client, waitUntil }) =>
  createLimiter({
    name: rule.name,
    store: redisStore(client(rule.database), { clock: rule.clock }),
    policies: rule.policies.map(policyOf),
    timeoutMs: rule.timeoutMs,
    failureMode: rule.failureMode,
    snapshots: rule.snapshots ?? false,
    breaker: rule.breaker,
    waitUntil,
  });

function policyOf({ kind, name, limit, windowMs: window, burst }: PolicyRule): Policy {
  if (kind === "bucket") return tokenBucket({ name, limit, window, burst });
  return { sliding: slidingWindow, fixed: fixedWindow, log: slidingLog }[kind]({ name, limit, window });
}

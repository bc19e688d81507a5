export {
  fixedWindow,
  type Policy,
  type PolicyOptions,
  slidingLog,
  slidingWindow,
  type TokenBucketOptions,
  tokenBucket,
} from "./algorithm/policy.ts";
export type { Decision, FallbackDecision, KnownDecision, PolicyStatus } from "./core/decision.ts";
export type { Duration } from "./core/duration.ts";
export { StoreError, type StoreErrorKind } from "./core/errors.ts";
export type { Amount } from "./limiter/amounts.ts";
export { countDecisions, type DecisionCounter, type DecisionCounts } from "./limiter/count-decisions.ts";
export {
  type CheckOptions,
  type ConsumeOptions,
  createLimiter,
  type Limiter,
  type WaitOptions,
} from "./limiter/limiter.ts";
export type { BreakerOptions, FailureMode, LimiterOptions, SnapshotOptions } from "./limiter/options.ts";
export { type MemoryStoreOptions, memoryStore } from "./store/memory.ts";
export { type RedisStoreOptions, redisStore } from "./store/redis.ts";
export type { RedisClient } from "./store/redis-client.ts";
export type { StepReply, StepRequest, Store } from "./store/store.ts";

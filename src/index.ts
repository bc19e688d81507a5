export {
  fixedWindow,
  type Policy,
  type PolicyOptions,
  slidingLog,
  slidingWindow,
  type TokenBucketOptions,
  tokenBucket,
} from "./algorithm/policy.js";
export type { Decision, FallbackDecision, KnownDecision, PolicyStatus } from "./core/decision.js";
export type { Duration } from "./core/duration.js";
export { StoreError, type StoreErrorKind } from "./core/errors.js";
export type { Amount } from "./limiter/amounts.js";
export { countDecisions, type DecisionCounter, type DecisionCounts } from "./limiter/count-decisions.js";
export {
  type CheckOptions,
  type ConsumeOptions,
  createLimiter,
  type Limiter,
  type WaitOptions,
} from "./limiter/limiter.js";
export type { BreakerOptions, FailureMode, LimiterOptions, SnapshotOptions } from "./limiter/options.js";
export { type MemoryStoreOptions, memoryStore } from "./store/memory.js";
export { type RedisStoreOptions, redisStore } from "./store/redis.js";
export type { RedisClient } from "./store/redis-client.js";
export type { StepReply, StepRequest, Store } from "./store/store.js";

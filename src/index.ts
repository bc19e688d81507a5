export { type Calendar, type CalendarOptions, type CalendarPeriod, calendar } from "./algorithm/calendar.ts";
export { type Parts, parts } from "./algorithm/parts.ts";
export {
  type FixedWindowOptions,
  fixedWindow,
  type Policy,
  type PolicyOptions,
  type SlidingWindowOptions,
  slidingLog,
  slidingWindow,
  type TokenBucketOptions,
  tokenBucket,
} from "./algorithm/policy.ts";
export type {
  BlockedDecision,
  Decision,
  FallbackDecision,
  KnownDecision,
  PolicyStatus,
  RegionPart,
  RuleDecision,
  RuleInForce,
} from "./core/decision.ts";
export type { Duration } from "./core/duration.ts";
export { StoreError, type StoreErrorKind } from "./core/errors.ts";
export type { DecisionEvent, LimiterEvent, Observer, Operation, StoreEvent, WaitUntil } from "./core/event.ts";
export type { LimiterToDescribe, PolicyToDescribe } from "./core/limiter-to-describe.ts";
export { type AllOf, type AllOfHolding, type AllOfOptions, type AllOfThese, allOf } from "./limiter/all-of.ts";
export type { Amount } from "./limiter/amounts.ts";
export { type AnyMember, type AnyOf, type AnyOfDecision, type AnyOfKey, anyOf } from "./limiter/any-of.ts";
export type { AmountByLevel } from "./limiter/by-level.ts";
export type {
  CallOptions,
  CheckOptions,
  ConsumeOptions,
  RefundOptions,
  ReserveOptions,
  WaitOptions,
} from "./limiter/call-options.ts";
export type { BreakerOptions, FailureMode, SnapshotOptions } from "./limiter/checked-options.ts";
export type {
  AllOfDecision,
  BlockedAllOfDecision,
  FallbackAllOfDecision,
  KnownAllOfDecision,
  LevelStatus,
  RuleAllOfDecision,
} from "./limiter/combine.ts";
export type { LimiterDescription, PenaltyDescription, PolicyDescription } from "./limiter/described/description.ts";
export { type ReadLimitersOptions, readLimiters } from "./limiter/described/read-limiters.ts";
export type { Extension } from "./limiter/extension.ts";
export type { Held } from "./limiter/in-flight/held.ts";
export type { HoldMethods, HoldOptions } from "./limiter/in-flight/hold.ts";
export { type InFlightOptions, type InFlightPolicy, inFlight } from "./limiter/in-flight/policy.ts";
export { type LeasedWindows, leasedWindows } from "./limiter/leases/leased-windows.ts";
export { type LeaseOptions, leases } from "./limiter/leases/leases.ts";
export { createLimiter, type InFlightLimiter, type Limiter, type PenaltyLimiter } from "./limiter/limiter.ts";
export type { LimiterOptions } from "./limiter/options.ts";
export type { BlockMethods } from "./limiter/penalty/block.ts";
export { type Penalty, type PenaltyOptions, penalty } from "./limiter/penalty/penalty.ts";
export type { Near, RegionsOptions, Shares } from "./limiter/regions/plan.ts";
export { regions } from "./limiter/regions/regions.ts";
export type { Reservation, Reserved } from "./limiter/reservation.ts";
export { countDecisions, type DecisionCounter, type DecisionCounts } from "./observe/count-decisions.ts";
export {
  type AddedRule,
  type ForceOptions,
  type NewRule,
  type OpenRulesOptions,
  openRules,
  type RemoveOptions,
  type Rules,
  type RulesRead,
  type SeenOptions,
} from "./rules/open-rules.ts";
export type { Rule, RuleKind, RuleTerms } from "./rules/rule.ts";
export type { RuleChange } from "./rules/rule-file.ts";
export { type RulesOptions, rules } from "./rules/rules.ts";
export { RulesChangedError } from "./rules/rules-changed.ts";
export { type MemoryStoreOptions, memoryStore } from "./store/memory.ts";
export { type RedisStoreOptions, redisStore } from "./store/redis.ts";
export type { RedisClient } from "./store/redis-client.ts";
export type { Store } from "./store/store.ts";

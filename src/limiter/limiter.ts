import { programFor } from "../algorithm/program.ts";
import type { Decision } from "../core/decision.ts";
import { shown, wholeNumber } from "../core/whole-number.ts";
import { storeKey } from "../store/store-key.ts";
import { type Amount, costsOf, limitsOf } from "./amounts.ts";
import type { Operation } from "./call.ts";
import { createCheck } from "./check.ts";
import { checkedOptions, type LimiterOptions, MAX_TIMER_MS } from "./options.ts";
import { timeOf } from "./time.ts";
import { waitFor } from "./wait.ts";

export interface CheckOptions {
  /** Units to take: a whole number from 0 for every policy, or by policy name. Default 1. */
  cost?: Amount;
  /** Limits for this call (plans, tiers): a whole number from 1 for every policy, or by name. History is kept. */
  limit?: Amount;
  /** Ends the call: it rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface ConsumeOptions extends CheckOptions {
  /**
   * Longest delay, in ms, that the caller accepts: a token bucket then lends, and `delayMs` says how long to wait before
   * acting. A whole number from 0 to 2^31 - 1. Default 0.
   */
  maxDelayMs?: number;
}

export interface WaitOptions extends CheckOptions {
  /** Longest wait in ms, a whole number from 0 to 2^31 - 1. */
  timeoutMs: number;
}

/** Checks and books what keys use. The methods need no `this`. All throw a `TypeError` or `RangeError` on misuse. */
export interface Limiter {
  /** Takes `cost` if every policy allows it, else nothing. */
  consume(key: string, options?: ConsumeOptions): Promise<Decision>;
  /** The answer that `consume` would give; takes nothing. */
  peek(key: string, options?: CheckOptions): Promise<Decision>;
  /** Gives back what was taken and not used; never beyond a whole quota. */
  refund(key: string, cost: Amount, options?: Omit<CheckOptions, "cost">): Promise<Decision>;
  /** Books what has been spent already, even past the limit; never denies. */
  charge(key: string, cost: Amount, options?: Omit<CheckOptions, "cost">): Promise<Decision>;
  /** Resolves once `cost` is taken and may be acted on; denied at once if that can't be within `timeoutMs`. */
  wait(key: string, options: WaitOptions): Promise<Decision>;
  /** Makes the key's quota whole again. Unlike the others it rejects with a `StoreError` if the store can't answer. */
  reset(key: string, options?: { signal?: AbortSignal }): Promise<void>;
}

interface Unchecked {
  cost?: unknown;
  limit?: unknown;
  maxDelayMs?: unknown;
  signal?: AbortSignal | undefined;
}

/** A listener's mistake must not become the caller's, nor an unhandled rejection if the listener is asynchronous. */
function tell(onDecision: NonNullable<LimiterOptions["onDecision"]>, decision: Decision, key: string): void {
  try {
    const told: unknown = onDecision(decision, key);
    if (told instanceof Promise) told.catch(() => {});
  } catch {}
}

/** Makes a limiter. No I/O happens, and no timer starts, before its first check. */
export function createLimiter(options: LimiterOptions): Limiter {
  const checked = checkedOptions(options);
  const { policies, prefix, now, onDecision } = checked;
  const program = programFor(policies);
  const check = createCheck(checked, program);

  async function call(operation: Operation, key: string, options: Unchecked): Promise<Decision> {
    const { cost = 1, limit, maxDelayMs = 0, signal } = options;
    const place = placeOf(key);
    const inForce = limitsOf(policies, limit);
    const costs = costsOf(policies, cost);
    wholeNumber("maxDelayMs", maxDelayMs, 0, MAX_TIMER_MS);
    const answer = check.decision({
      operation,
      policies: inForce,
      limits: inForce === policies ? "" : inForce.map((policy) => policy.limit).join(),
      costs,
      maxDelayMs: maxDelayMs as number,
      signal,
      // Waiting for what is there already would cost every call a turn of the event loop.
      place: typeof place === "string" ? place : await place,
    });
    const decision = answer instanceof Promise ? await answer : answer;
    if (onDecision) tell(onDecision, decision, key);
    return decision;
  }

  function placeOf(key: unknown): string | Promise<string> {
    if (typeof key === "string" && key !== "") return storeKey(prefix, program.kind, key);
    throw new TypeError(`key must be text of at least one character, not ${shown(key)}`);
  }

  const limiter: Limiter = {
    consume: (key, options = {}) => call("consume", key, options),
    peek: (key, { cost, limit, signal } = {}) => call("peek", key, { cost, limit, signal }),
    refund: (key, cost, { limit, signal } = {}) => call("refund", key, { cost, limit, signal }),
    charge: (key, cost, { limit, signal } = {}) => call("charge", key, { cost, limit, signal }),
    async wait(key, options) {
      wholeNumber("timeoutMs", options?.timeoutMs, 0, MAX_TIMER_MS);
      return waitFor(limiter, key, options, () => timeOf(now));
    },
    async reset(key, { signal } = {}) {
      await check.reset(await placeOf(key), signal);
    },
  };
  return limiter;
}

import { programFor } from "../algorithm/program.ts";
import type { Decision } from "../core/decision.ts";
import type { Operation, WaitUntil } from "../core/event.ts";
import { shown, wholeNumber } from "../core/whole-number.ts";
import { storeKey } from "../store/store-key.ts";
import { type Amount, costsOf, limitsOf } from "./amounts.ts";
import type { Call, Spent, Task } from "./call.ts";
import type { CallOptions, CheckOptions, ConsumeOptions, RefundOptions, WaitOptions } from "./call-options.ts";
import { createCheck } from "./check.ts";
import { claimName } from "./names.ts";
import { checkedOptions, type LimiterOptions, MAX_TIMER_MS } from "./options.ts";
import { timeOf } from "./time.ts";
import { waitFor } from "./wait.ts";

/** Checks and books what keys use. The methods need no `this`. All reject with a `TypeError` or `RangeError` on misuse. */
export interface Limiter {
  readonly name: string;
  /** Takes `cost` if every policy allows it, else nothing. */
  consume(key: string, options?: ConsumeOptions): Promise<Decision>;
  /** The answer that `consume` would give; takes nothing. */
  peek(key: string, options?: CheckOptions): Promise<Decision>;
  /** Gives back what was taken and not used; never beyond a whole quota. `since` tells who took it. */
  refund(key: string, cost: Amount, options?: RefundOptions): Promise<Decision>;
  /** Books what has been spent already, even past the limit; never denies. */
  charge(key: string, cost: Amount, options?: CallOptions): Promise<Decision>;
  /** Resolves once `cost` is taken and may be acted on; denied at once if that can't be within `timeoutMs`. */
  wait(key: string, options: WaitOptions): Promise<Decision>;
  /** Makes the key's quota whole again. Unlike the others it rejects with a `StoreError` if the store can't answer. */
  reset(key: string, options?: { signal?: AbortSignal | undefined }): Promise<void>;
}

interface Unchecked {
  cost?: unknown;
  limit?: unknown;
  maxDelayMs?: unknown;
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  waitUntil?: WaitUntil | undefined;
  since?: unknown;
}

/** Makes a limiter. No I/O happens, and no timer starts, before its first check. */
export function createLimiter(options: LimiterOptions): Limiter {
  const checked = checkedOptions(options);
  const { policies, name, now, tell } = checked;
  const program = programFor(policies);
  claimName(checked.store, name, policies);
  const check = createCheck(checked, program);

  function placeOf(key: unknown): string | Promise<string> {
    if (typeof key === "string" && key !== "") return storeKey(name, program.kind, key);
    throw new TypeError(`key must be text of at least one character, not ${shown(key)}`);
  }

  async function ask(task: Task, key: string, options: Unchecked, spent: Spent, since?: Decision): Promise<Decision> {
    const place = placeOf(key);
    const { cost = 1, limit, maxDelayMs = 0, timeoutMs, signal } = options;
    const inForce = limitsOf(policies, limit);
    const call: Call = {
      task,
      policies: inForce,
      limits: inForce === policies ? "" : inForce.map((policy) => policy.limit).join(),
      costs: costsOf(policies, since?.allowed === false ? 0 : cost),
      maxDelayMs: wholeNumber("maxDelayMs", maxDelayMs, 0, MAX_TIMER_MS),
      timeoutMs,
      signal,
      spent,
      since,
      // Waiting for what is there already would cost every call a turn of the event loop.
      place: typeof place === "string" ? place : await place,
    };
    const answer = check.decision(call);
    return answer instanceof Promise ? await answer : answer;
  }

  /** Carries out an operation and tells the observers of its outcome. */
  async function observed(
    operation: Operation,
    key: string,
    options: Unchecked,
    decide: (spent: Spent, waitUntil: WaitUntil | undefined) => Promise<Decision>,
  ): Promise<Decision> {
    if (typeof options !== "object" || options === null) {
      throw new TypeError(`${operation} takes an object of options, not ${shown(options)}`);
    }
    const { waitUntil = checked.waitUntil } = options;
    const spent: Spent = {};
    const decision = await decide(spent, waitUntil);
    tell?.({ type: "decision", limiter: name, operation, key, decision, ...spent, waitUntil });
    return decision;
  }

  const asked = (operation: Task & Operation, key: string, options: Unchecked, fixed?: Unchecked) =>
    observed(operation, key, options, (spent) =>
      ask(operation, key, fixed ? { ...options, ...fixed } : options, spent, sinceOf(operation, options)),
    );

  return {
    name,
    consume: (key, options = {}) => asked("consume", key, options),
    peek: (key, options = {}) => asked("peek", key, options, { maxDelayMs: 0 }),
    refund: (key, cost, options = {}) => asked("refund", key, options, { cost, maxDelayMs: 0 }),
    charge: (key, cost, options = {}) => asked("charge", key, options, { cost, maxDelayMs: 0 }),
    wait: (key, options) =>
      observed("wait", key, options, (spent, waitUntil) => {
        const timeoutMs = wholeNumber("timeoutMs", options.timeoutMs, 0, MAX_TIMER_MS);
        const waiter = {
          consume: (leftMs: number) =>
            ask("consume", key, { ...options, maxDelayMs: leftMs, timeoutMs: leftMs || undefined }, spent),
          leave: (lent: Decision, maxDelayMs: number) =>
            ask("leave", key, { ...options, signal: undefined, timeoutMs: undefined, maxDelayMs }, {}, lent),
          detach: (task: Promise<unknown>) => waitUntil?.(task),
          now: () => timeOf(now),
          signal: options.signal,
        };
        return waitFor(waiter, timeoutMs);
      }),
    async reset(key, { signal } = {}) {
      await check.reset(await placeOf(key), signal);
    },
  };
}

/** The decision that a refund refers to. */
function sinceOf(operation: Operation, { since }: Unchecked): Decision | undefined {
  if (operation !== "refund" || since === undefined) return undefined;
  if (typeof (since as Decision | null)?.source === "string") return since as Decision;
  throw new TypeError(`since must be a decision, not ${shown(since)}`);
}

import type { Decision } from "../core/decision.ts";
import type { Operation, WaitUntil } from "../core/event.ts";
import { misuse } from "../core/misuse.ts";
import { wholeNumber } from "../core/whole-number.ts";
import { type Amount, costsOf, limitsOf } from "./amounts.ts";
import type { Spent, Task } from "./call.ts";
import type { CallOptions, CheckOptions, ConsumeOptions, RefundOptions, WaitOptions } from "./call-options.ts";
import { createCheck } from "./check.ts";
import { createLevel } from "./level.ts";
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

/** Options as a caller without types may pass them. */
type Unchecked = { [Name in keyof (CheckOptions & RefundOptions)]?: unknown } | null | undefined;

/** Makes a limiter. No I/O happens, and no timer starts, before its first check. */
export function createLimiter(options: LimiterOptions): Limiter {
  const checked = checkedOptions(options);
  const { policies, name, now, tell } = checked;
  const level = createLevel(checked);
  claimName(checked.store, name, policies);
  const check = createCheck(level);

  async function ask(
    task: Task,
    key: string,
    options: Unchecked,
    spent: Spent,
    maxDelayMs: unknown = 0,
    timeoutMs?: number,
    since = task === "refund" ? sinceOf(options) : undefined,
  ): Promise<Decision> {
    const place = level.placeOf(key);
    const { cost = 1, limit, signal } = options ?? {};
    const inForce = limitsOf(policies, limit);
    const answer = check.decision({
      task,
      policies: inForce,
      limits: inForce === policies ? "" : inForce.map((policy) => policy.limit).join(),
      costs: costsOf(policies, since?.allowed === false ? 0 : cost),
      maxDelayMs: wholeNumber("maxDelayMs", maxDelayMs, 0, MAX_TIMER_MS),
      timeoutMs,
      signal: signal as AbortSignal | undefined,
      spent,
      since,
      // Waiting for what is there already would cost every call a turn of the event loop.
      place: typeof place === "string" ? place : await place,
    });
    return answer instanceof Promise ? await answer : answer;
  }

  /** Carries out an operation and tells the observers of its outcome. */
  async function observed(
    operation: Operation,
    key: string,
    options: Unchecked,
    decide: (spent: Spent, waitUntil: WaitUntil | undefined) => Promise<Decision>,
  ): Promise<Decision> {
    const waitUntil = (options?.waitUntil as WaitUntil | undefined) ?? checked.waitUntil;
    const spent: Spent = {};
    const decision = await decide(spent, waitUntil);
    tell?.({ type: "decision", limiter: name, operation, key, decision, ...spent, waitUntil });
    return decision;
  }

  const asked = (operation: Task & Operation, key: string, options: Unchecked, maxDelayMs?: number) =>
    observed(operation, key, options, (spent) => ask(operation, key, options, spent, maxDelayMs));

  return {
    name,
    consume: (key, options) => asked("consume", key, options, options?.maxDelayMs),
    peek: (key, options) => asked("peek", key, options),
    refund: (key, cost, options) => asked("refund", key, { ...options, cost }),
    charge: (key, cost, options) => asked("charge", key, { ...options, cost }),
    wait: (key, options) =>
      observed("wait", key, options, (spent, waitUntil) => {
        const timeoutMs = wholeNumber("timeoutMs", options?.timeoutMs, 0, MAX_TIMER_MS);
        return waitFor(timeoutMs, {
          consume: (leftMs) => ask("consume", key, options, spent, leftMs, leftMs || undefined),
          leave: (lent, delayLeftMs) =>
            ask("leave", key, { ...options, signal: undefined }, {}, delayLeftMs, undefined, lent),
          detach: (task) => waitUntil?.(task),
          now: () => timeOf(now),
          signal: options.signal,
        });
      }),
    async reset(key, options) {
      await check.reset(await level.placeOf(key), options?.signal);
    },
  };
}

/** The decision that a refund refers to. */
function sinceOf(options: Unchecked): Decision | undefined {
  const since = options?.since as Decision | undefined;
  if (since === undefined || typeof since?.source === "string") return since;
  throw misuse("since", "a decision", since);
}

import type { Decision } from "../core/decision.ts";
import { durationMs } from "../core/duration.ts";
import type { Operation, WaitUntil } from "../core/event.ts";
import { misuse } from "../core/misuse.ts";
import { wholeNumber } from "../core/whole-number.ts";
import type { Amount, Settlement } from "./amounts.ts";
import type { Spent, Taken, Task } from "./call.ts";
import type {
  CallOptions,
  CheckOptions,
  ConsumeOptions,
  RefundOptions,
  ReserveOptions,
  Unchecked,
  WaitOptions,
} from "./call-options.ts";
import { type Reserved, reserved } from "./reservation.ts";
import { MAX_TIMER_MS, timeOf } from "./time.ts";
import { waitFor } from "./wait.ts";

/** One call as the methods hand it on; its options are still to be checked. */
export interface Question {
  readonly task: Task;
  readonly options: Unchecked;
  readonly spent: Spent;
  /** Set where the call is of a wait. */
  readonly taken?: Taken;
  readonly maxDelayMs: number;
  readonly timeoutMs?: number | undefined;
  readonly since?: Decision | undefined;
  /** One limiter's own part of that, where several decided together; still to be checked. */
  readonly part?: unknown;
  /** Set where a reservation is settled. */
  readonly settles?: Settlement | undefined;
  /** Set where the call is one of several of a wait, so that its denial is not the caller's. */
  readonly polls?: boolean;
}

/** What the methods of a limiter, or of several as one, come down to. */
export interface Core<Key, Answer extends Decision> {
  readonly now: () => number;
  readonly waitUntil: WaitUntil | undefined;
  /** At once where no store has to be asked: waiting would cost every call a turn of the event loop. */
  ask(key: Key, question: Question): Answer | Promise<Answer>;
  /** Tells the observers of an operation's outcome. To look `waitUntil` up may cost something, so only where one is told. */
  told(operation: Operation, key: Key, decision: Answer, spent: Spent, waitUntil: () => WaitUntil | undefined): void;
  /** A decision that lent, once its delay is over. */
  acted(lent: Answer): Answer;
  reset(key: Key, signal: AbortSignal | undefined): Promise<void>;
}

/** The methods of a limiter for keys of some kind, with amounts of some kind. They need no `this`. */
export interface Methods<Key, Answer extends Decision, Amounts = Amount> {
  /** Takes `cost` if every policy allows it, else nothing. */
  consume(key: Key, options?: ConsumeOptions<Amounts>): Promise<Answer>;
  /** The answer that `consume` would give; takes nothing. */
  peek(key: Key, options?: CheckOptions<Amounts>): Promise<Answer>;
  /** Gives back what was taken and not used; never beyond a whole quota. */
  refund(key: Key, cost: Amounts, options?: RefundOptions<Amounts>): Promise<Answer>;
  /** Books what has been spent already, even past the limit; never denies. */
  charge(key: Key, cost: Amounts, options?: CallOptions<Amounts>): Promise<Answer>;
  /** Resolves once `cost` is taken and may be acted on; denied at once if that can't be within `timeoutMs`. */
  wait(key: Key, options: WaitOptions<Amounts>): Promise<Answer>;
  /** Takes `cost` as `consume` does, for work whose cost is known afterwards: `settle` of the answer books that instead. */
  reserve(key: Key, options?: ReserveOptions<Amounts>): Promise<Reserved<Answer, Amounts>>;
  /** Makes the key's quota whole again. Unlike the others it rejects with a `StoreError` if the store can't answer. */
  reset(key: Key, options?: { signal?: AbortSignal | undefined }): Promise<void>;
}

export function methodsOf<Key, Answer extends Decision, Amounts = Amount>(
  core: Core<Key, Answer>,
): Methods<Key, Answer, Amounts> {
  const waitUntilOf = (options: Unchecked) => (options?.waitUntil as WaitUntil | undefined) ?? core.waitUntil;

  async function asked(
    operation: Operation,
    key: Key,
    options: Unchecked,
    { task = operation as Task, maxDelayMs = 0, since, settles }: Partial<Question> = {},
  ): Promise<Answer> {
    wholeNumber("maxDelayMs", maxDelayMs, 0, MAX_TIMER_MS);
    const spent: Spent = {};
    const answer = core.ask(key, { task, options, spent, maxDelayMs, since, settles });
    const decision = answer instanceof Promise ? await answer : answer;
    core.told(operation, key, decision, spent, () => waitUntilOf(options));
    return decision;
  }

  return {
    consume: (key, options) => asked("consume", key, options, { maxDelayMs: options?.maxDelayMs ?? 0 }),
    peek: (key, options) => asked("peek", key, options),
    refund: (key, cost, options) => asked("refund", key, { ...options, cost }, { since: options?.since }),
    charge: (key, cost, options) => asked("charge", key, { ...options, cost }),
    async wait(key, options) {
      const timeoutMs = wholeNumber("timeoutMs", options?.timeoutMs, 0, MAX_TIMER_MS);
      const spent: Spent = {};
      const taken: Taken = {};
      const decision = await waitFor<Answer>(timeoutMs, {
        consume: async (leftMs) =>
          core.ask(key, {
            task: "consume",
            options,
            spent,
            taken,
            maxDelayMs: leftMs,
            timeoutMs: leftMs || undefined,
            polls: true,
          }),
        leave: async (since, leftMs) =>
          core.ask(key, {
            task: "leave",
            options: { ...options, signal: undefined },
            spent: {},
            taken,
            maxDelayMs: leftMs,
            since,
          }),
        acted: core.acted,
        detach: (task) => waitUntilOf(options)?.(task),
        now: () => timeOf(core.now),
        signal: options.signal,
      });
      core.told("wait", key, decision, spent, () => waitUntilOf(options));
      return decision;
    },
    async reserve(key, options) {
      const { unsettled = "spent", within } = options ?? {};
      const returns = unsettled === "returned";
      if (!returns && unsettled !== "spent") throw misuse("unsettled", '"spent" or "returned"', unsettled, true);
      const withinMs = returns ? durationMs("within", within) : Infinity;
      const decision = await asked("reserve", key, options, { task: "consume" });
      const until = timeOf(core.now) + withinMs;
      const settle = (actual: unknown) =>
        asked(
          "settle",
          key,
          { ...options, signal: undefined },
          {
            task: "refund",
            since: decision,
            settles: { actual, late: timeOf(core.now) > until },
          },
        );
      return reserved(decision, settle, returns);
    },
    reset: async (key, options) => core.reset(key, options?.signal),
  };
}

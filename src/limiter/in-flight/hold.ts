import type { Decision } from "../../core/decision.ts";
import type { WaitUntil } from "../../core/event.ts";
import { wholeNumber } from "../../core/whole-number.ts";
import type { Amount } from "../amounts.ts";
import type { Spent, Task } from "../call.ts";
import type { CheckOptions, Unchecked } from "../call-options.ts";
import type { Core, Methods } from "../methods.ts";
import { MAX_TIMER_MS, timeOf } from "../time.ts";
import { holdMsOf, withUnits } from "./among.ts";
import { type Held, type Holder, held } from "./held.ts";
import { idOf, newId } from "./id.ts";
import type { HoldQuestion, Named } from "./level.ts";
import { placeWithin } from "./place.ts";

export interface HoldOptions<Amounts = Amount> extends CheckOptions<Amounts> {
  /**
   * Names this hold, text of 1 to 256 characters. To ask again with it, as after an answer that got lost, takes no second place: the
   * hold begins anew. What other limiters of an `allOf` count is taken again. Default: a new one.
   */
  id?: string | undefined;
  /**
   * Longest wait for a place in ms, a whole number from 0 to 2^31 - 1, without a promise of order. It covers the store's answer, too.
   * Default: asks once.
   */
  timeoutMs?: number | undefined;
}

/** What a limiter of work in flight has. */
export interface HoldMethods<Key, Answer extends Decision, Amounts = Amount> {
  /**
   * Takes a place for a piece of work, until the decision is told to `release()` it or the policy's `hold` has passed. Where it is
   * denied, `retryAfterMs` is when enough holds end at the latest: somebody may release earlier, or extend.
   */
  hold(key: Key, options?: HoldOptions<Amounts>): Promise<Answer & Held>;
}

/**
 * `hold`, `peek` that says what is held, and in place of what counts what has been: errors that say what to use. Where there are other
 * limiters beside those of `among`, `reserve` holds, too, and `refund` goes to the others.
 */
export function holdMethods<Key, Answer extends Decision, Amounts = Amount>(
  core: Core<Key, Answer>,
  own: Methods<Key, Answer, Amounts>,
  among?: readonly string[],
  alone = true,
): HoldMethods<Key, Answer, Amounts> & Partial<Methods<Key, Answer, Amounts>> {
  const refuse = (method: string) => async (): Promise<never> => {
    const instead = alone ? "hold, whose decision has" : "hold or reserve, whose decisions have";
    throw new TypeError(`${method} is not for a limiter with inFlight: use ${instead} release and extend`);
  };

  // Looked up where something needs it: that may cost something.
  const waitUntilOf = (options: Unchecked) => (options?.waitUntil as WaitUntil | undefined) ?? core.waitUntil;

  const ask = (key: Key, task: Task, question: HoldQuestion, spent: Spent, leftMs?: number, since?: Decision) =>
    core.ask(key, { task, options: question, spent, maxDelayMs: 0, timeoutMs: leftMs || undefined, since });

  /** The hold that a decision took, and how to end it. */
  function holderOf(key: Key, question: HoldQuestion, askedAt: number, decision: Answer): Holder {
    const waitUntil = () => waitUntilOf(question);
    return {
      askedAt,
      holdMs: holdMsOf(decision, among),
      now: core.now,
      waitUntil,
      async ask(operation) {
        const spent: Spent = {};
        const task = operation === "release" ? "refund" : "charge";
        const answer = await ask(key, task, { ...question, signal: undefined }, spent, undefined, decision);
        core.told(operation, key, answer, spent, waitUntil);
        return answer;
      },
    };
  }

  return {
    async hold(key, options) {
      const { id, timeoutMs } = options ?? {};
      if (timeoutMs !== undefined) wholeNumber("timeoutMs", timeoutMs, 0, MAX_TIMER_MS);
      const named: Named = id === undefined ? { id: newId(), again: false } : { id: await idOf(id), again: true };
      const spent: Spent = {};
      const question: HoldQuestion = { ...options, named };
      let askedAt = 0;
      const decision = await placeWithin<Answer>(timeoutMs ?? 0, {
        async hold(leftMs) {
          askedAt = timeOf(core.now);
          return withUnits(await ask(key, "consume", question, spent, leftMs), among);
        },
        now: () => timeOf(core.now),
        signal: options?.signal,
      });
      core.told("hold", key, decision, spent, () => waitUntilOf(options));
      return held(decision, holderOf(key, question, askedAt, decision));
    },
    peek: async (key, options) => withUnits(await own.peek(key, options), among),
    consume: refuse("consume"),
    wait: refuse("wait"),
    charge: refuse("charge"),
    ...(alone
      ? { refund: refuse("refund"), reserve: refuse("reserve") }
      : {
          async reserve(key, options) {
            const question: HoldQuestion = { ...options, named: { id: newId(), again: false } };
            const askedAt = timeOf(core.now);
            const reserved = withUnits(await own.reserve(key, question as typeof options), among);
            return held(reserved, holderOf(key, question, askedAt, reserved), ({ release }) => ({
              settle: reserved.settle,
              async [Symbol.asyncDispose]() {
                await Promise.all([release(), reserved[Symbol.asyncDispose]()]);
              },
            }));
          },
        }),
  };
}

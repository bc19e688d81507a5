import type { Decision } from "../../core/decision.ts";
import { wholeNumber } from "../../core/whole-number.ts";
import type { Amount } from "../amounts.ts";
import type { Spent } from "../call.ts";
import type { CheckOptions } from "../call-options.ts";
import { type Core, type Methods, methodsOf } from "../methods.ts";
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
    const instead = alone ? "hold" : "hold or reserve";
    throw new TypeError(`${method} is not for a limiter with inFlight: use ${instead}, then release or extend`);
  };

  /** What the method decides, which may wait for a place, and how to end what that took. */
  async function placed<Method extends "consume" | "reserve">(
    method: Method,
    key: Key,
    options: HoldOptions<Amounts> | undefined,
  ) {
    const { id, timeoutMs = 0, signal } = options ?? {};
    wholeNumber("timeoutMs", timeoutMs, 0, MAX_TIMER_MS);
    const named: Named = id === undefined ? { id: newId(), again: false } : { id: await idOf(id), again: true };
    // What looks `waitUntil` up is not copied by itself.
    const question: HoldQuestion = { ...options, waitUntil: options?.waitUntil, named };
    let askedAt = 0;
    const waiting: Core<Key, Answer> = {
      ...core,
      ask: (key, question) =>
        question.task === "consume"
          ? placeWithin(timeoutMs, {
              async hold(leftMs) {
                askedAt = timeOf(core.now);
                const timeoutMs = leftMs || undefined;
                return withUnits(await core.ask(key, { ...question, maxDelayMs: 0, timeoutMs }), among);
              },
              now: () => timeOf(core.now),
              signal,
            })
          : core.ask(key, question),
      told: (operation, ...told) => core.told(operation === "consume" ? "hold" : operation, ...told),
    };
    type Own = Methods<Key, Answer, Amounts>;
    const decision = (await (methodsOf(waiting) as Own)[method](key, question as object)) as Awaited<
      ReturnType<Own[Method]>
    >;
    // Looked up where something needs it: that may cost something.
    const waitUntil = () => options?.waitUntil ?? core.waitUntil;
    const holder: Holder = {
      askedAt,
      holdMs: holdMsOf(decision, among),
      now: core.now,
      waitUntil,
      async ask(operation) {
        const spent: Spent = {};
        const task = operation === "release" ? "refund" : "charge";
        const options = { ...question, signal: undefined };
        const answer = await core.ask(key, { task, options, spent, maxDelayMs: 0, since: decision });
        core.told(operation, key, answer, spent, waitUntil);
        return answer;
      },
    };
    return [decision, holder] as const;
  }

  return {
    hold: async (key, options) => held(...(await placed("consume", key, options))),
    peek: async (key, options) => withUnits(await own.peek(key, options), among),
    consume: refuse("consume"),
    wait: refuse("wait"),
    charge: refuse("charge"),
    ...(alone
      ? { refund: refuse("refund"), reserve: refuse("reserve") }
      : {
          async reserve(key, options: HoldOptions<Amounts> | undefined) {
            const [reserved, holder] = await placed("reserve", key, options);
            return held(reserved, holder, ({ release }) => ({
              settle: reserved.settle,
              async [Symbol.asyncDispose]() {
                await Promise.all([release(), reserved[Symbol.asyncDispose]()]);
              },
            }));
          },
        }),
  };
}

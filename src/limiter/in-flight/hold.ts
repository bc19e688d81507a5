import type { Decision, KnownDecision } from "../../core/decision.ts";
import type { WaitUntil } from "../../core/event.ts";
import { wholeNumber } from "../../core/whole-number.ts";
import type { Amount } from "../amounts.ts";
import type { Spent, Task } from "../call.ts";
import type { CheckOptions } from "../call-options.ts";
import type { Core, Methods } from "../methods.ts";
import { MAX_TIMER_MS, timeOf } from "../time.ts";
import { type Held, held } from "./held.ts";
import { idOf, newId } from "./id.ts";
import type { HoldQuestion, Named } from "./level.ts";
import { placeWithin } from "./place.ts";

export interface HoldOptions<Amounts = Amount> extends CheckOptions<Amounts> {
  /**
   * Names this hold, text of 1 to 256 characters. To ask again with it, as after an answer that got lost, takes no second place: the
   * hold begins anew. Default: a new one.
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

/** `hold`, `peek` that says what is held, and in place of what counts what has been: errors that say what to use. */
export function holdMethods<Key, Answer extends Decision, Amounts = Amount>(
  core: Core<Key, Answer>,
  { peek }: Methods<Key, Answer, Amounts>,
): HoldMethods<Key, Answer, Amounts> & Partial<Methods<Key, Answer, Amounts>> {
  const refuse = (method: string) => async (): Promise<never> => {
    throw new TypeError(
      `${method} is not for a limiter with inFlight: use hold, whose decision has release and extend`,
    );
  };

  return {
    async hold(key, options) {
      const { id, timeoutMs } = options ?? {};
      if (timeoutMs !== undefined) wholeNumber("timeoutMs", timeoutMs, 0, MAX_TIMER_MS);
      const named: Named = id === undefined ? { id: newId(), again: false } : { id: await idOf(id), again: true };
      const spent: Spent = {};
      const ask = (task: Task, question: HoldQuestion, spent: Spent, leftMs?: number, since?: Decision) =>
        core.ask(key, { task, options: question, spent, maxDelayMs: 0, timeoutMs: leftMs || undefined, since });
      const own: HoldQuestion = { ...options, named };
      let askedAt = 0;
      const decision = await placeWithin<Answer>(timeoutMs ?? 0, {
        async hold(leftMs) {
          askedAt = timeOf(core.now);
          return unitOf(await ask("consume", own, spent, leftMs));
        },
        now: () => timeOf(core.now),
        signal: options?.signal,
      });
      // Looked up where something needs it: that may cost something.
      const waitUntil = (): WaitUntil | undefined => options?.waitUntil ?? core.waitUntil;
      core.told("hold", key, decision, spent, waitUntil);
      return held(decision, {
        askedAt,
        now: core.now,
        waitUntil,
        async ask(operation) {
          const spent: Spent = {};
          const [task, cost] = operation === "release" ? (["refund", own?.cost] as const) : (["charge", 0] as const);
          const answer = await ask(task, { ...own, cost, signal: undefined }, spent, undefined, decision);
          core.told(operation, key, answer, spent, waitUntil);
          return answer;
        },
      });
    },
    peek: async (key, options) => unitOf(await peek(key, options)),
    consume: refuse("consume"),
    wait: refuse("wait"),
    charge: refuse("charge"),
    refund: refuse("refund"),
    reserve: refuse("reserve"),
  };
}

/** The same decision, whose numbers say that they count what runs at once. */
function unitOf<Answer extends Decision>(decision: Answer): Answer {
  if (decision.source === "fallback") return decision;
  for (const status of (decision as KnownDecision).policies) Object.assign(status, { unit: "concurrent-requests" });
  return decision;
}

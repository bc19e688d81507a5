import type { BlockedDecision, Decision } from "../../core/decision.ts";
import { type Duration, durationMs } from "../../core/duration.ts";
import type { WaitUntil } from "../../core/event.ts";
import type { Spent } from "../call.ts";
import type { CallOptions, Unchecked } from "../call-options.ts";
import type { Core } from "../methods.ts";

/** What a limiter with a `penalty` has besides. */
export interface BlockMethods<Key> {
  /**
   * Blocks the key from now on: 1 ms to 366 days, milliseconds or `"1 h"`. Never shortens a block; `reset` ends it. Unlike the others it
   * rejects with a `StoreError` if the store can't answer.
   */
  block(key: Key, time: Duration, options?: Pick<CallOptions, "signal" | "waitUntil">): Promise<BlockedDecision>;
}

/** A question's options, with how long to block. */
export type BlockQuestion = Unchecked & { readonly forMs: number };

/** `block`. */
export function blockMethods<Key, Answer extends Decision>(core: Core<Key, Answer>): BlockMethods<Key> {
  return {
    async block(key, time, options) {
      const question: BlockQuestion = { ...options, forMs: durationMs("for", time) };
      const spent: Spent = {};
      const decision = await core.ask(key, { task: "block", options: question, spent, maxDelayMs: 0 });
      if (decision.error) throw decision.error;
      const waitUntil = (): WaitUntil | undefined => options?.waitUntil ?? core.waitUntil;
      core.told("block", key, decision, spent, waitUntil);
      return decision as Decision as BlockedDecision;
    },
  };
}

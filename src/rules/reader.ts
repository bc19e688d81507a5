import { StoreError } from "../core/errors.ts";
import type { Scripts } from "../limiter/described/descriptions.ts";
import { type RuleIndex, ruleIndexOf } from "./rule-index.ts";
import { readRules } from "./scripts.ts";
import { MOST_BYTES, NO_RULES, RULES_KEY, type RuleList, rulesIn } from "./value.ts";

/** The rules as this isolate last read them: plain data, which requests share. */
export interface Reader {
  /** The rules to go by now. */
  readonly index: RuleIndex;
  /** Whether the rules have been read at all. */
  readonly hasRead: boolean;
  /** Grows with each version that names the limiter, or whose predecessor did. */
  changesOf(limiter: string): number;
  /** Reads the rules, if they have changed. Throws a `StoreError`; for a value that is none, once, and goes on with what is known. */
  read(signal: AbortSignal): Promise<void>;
}

export function createReader({ run }: Scripts): Reader {
  let list: RuleList = NO_RULES;
  let index = ruleIndexOf([]);
  /** That of what was read last, if it was rules or not; at first one that no value has. */
  let head = "";
  let turns = 0;
  let readAtTurn = 0;
  let changes = 0;
  let changedForAll = 0;
  const changed = new Map<string, number>();

  function take(next: RuleList): void {
    changes += 1;
    for (const { limiter } of [...list.rules, ...next.rules]) {
      if (limiter === undefined) changedForAll = changes;
      else changed.set(limiter, changes);
    }
    index = ruleIndexOf(next.rules);
    list = next;
  }

  return {
    get index() {
      return index;
    },
    get hasRead() {
      return readAtTurn > 0;
    },
    changesOf: (limiter) => Math.max(changedForAll, changed.get(limiter) ?? 0),

    async read(signal) {
      turns += 1;
      const turn = turns;
      const known = head;
      const reply = await run(readRules, [RULES_KEY], [known, `${MOST_BYTES}`], signal);
      // Replies may come in another order than they were asked for.
      if (turn < readAtTurn) return;
      readAtTurn = turn;
      if (reply === null) return;
      const found = typeof reply === "string" ? reply : "foreign";
      if (found === "none") {
        head = found;
        take(NO_RULES);
        return;
      }
      head = /^\S+ \S+ (\S+)\n/.exec(found)?.[1] ?? "foreign";
      try {
        take(rulesIn(found));
      } catch {
        throw new StoreError("reply", `What lies at ${RULES_KEY} is no list of rules; those known before go on`);
      }
    },
  };
}

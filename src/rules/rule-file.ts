import { StoreError } from "../core/errors.ts";
import { checkedName } from "../core/name.ts";
import { withDeadline } from "../limiter/deadline.ts";
import { redisStore } from "../store/redis.ts";
import type { RedisClient } from "../store/redis-client.ts";
import type { Rule } from "./rule.ts";
import { readHistory, readRules, writeRules } from "./scripts.ts";
import { MOST_BYTES, NO_RULES, RULES_KEY, type RuleList, rulesIn, valueText } from "./value.ts";

/** One change of the rules, as the history keeps it. */
export interface RuleChange {
  readonly change: "add" | "remove";
  /** When, ms since the epoch. */
  readonly at: number;
  readonly by?: string;
  /** The rules that were added or removed; of many the first 20. */
  readonly rules: readonly Rule[];
  /** How many they were. */
  readonly count: number;
}

/** What a change makes of the rules. */
export interface Changed<T> {
  readonly version: number;
  readonly rules: readonly Rule[];
  /** For the history. */
  readonly told: readonly Rule[];
  readonly result: T;
}

/** The stored rules with their history. All methods reject with a `StoreError`. */
export interface RuleFile {
  read(): Promise<RuleList>;
  /** Writes what `changed` makes of the rules, if it makes anything; asked anew if somebody else was faster. */
  change<T>(
    change: Pick<RuleChange, "change" | "at" | "by">,
    changed: (list: RuleList) => Changed<T> | undefined,
  ): Promise<T | undefined>;
  history(): Promise<RuleChange[]>;
}

/** Longest wait for Redis; operators are no requests. */
export const PATIENCE_MS = 10_000;
const MOST_CHANGES = 100;
const MOST_TOLD = 20;
/** So often somebody else may be faster. */
const MOST_TRIES = 50;

const utf8 = new TextEncoder();

export function ruleFile(redis: RedisClient, namespace: string | undefined): RuleFile {
  const { run } = redisStore(redis);
  // The namespace is within the braces, so that a Redis Cluster keeps both in one place.
  const key = namespace === undefined ? RULES_KEY : `${checkedName("namespace", namespace)}/${RULES_KEY}`;
  const historyKey = `{${key}}:history`;

  const ask = <T>(task: (signal: AbortSignal) => Promise<T>) => withDeadline(PATIENCE_MS, undefined, task);

  async function read(): Promise<RuleList> {
    const reply = await ask((signal) => run(readRules, [key], ["", `${MOST_BYTES}`], signal));
    if (reply === "none") return NO_RULES;
    try {
      return rulesIn(String(reply));
    } catch {
      throw new StoreError("reply", `What lies at ${key} is no list of rules; delete it, or name another namespace`);
    }
  }

  return {
    read,

    async change(change, changed) {
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const list = await read();
        const next = changed(list);
        if (!next) return undefined;
        const { version, rules, told, result } = next;
        const lasting = rules.filter(({ until = Infinity }) => until > change.at);
        const text = valueText({ version, head: `v${version}.${randomText()}`, rules: lasting });
        const bytes = utf8.encode(text).length;
        if (bytes > MOST_BYTES) throw new RangeError(`The rules would take ${bytes} bytes, of at most ${MOST_BYTES}`);
        const entry = JSON.stringify({ ...change, rules: told.slice(0, MOST_TOLD), count: told.length });
        const args = [list.head, text, entry, `${MOST_CHANGES}`];
        const written = await ask((signal) => run(writeRules, [key, historyKey], args, signal));
        if (written === 1) return result;
      }
      throw new StoreError("reply", `Somebody else has changed the rules ${MOST_TRIES} times meanwhile`);
    },

    async history() {
      const reply = await ask((signal) => run(readHistory, [historyKey], [], signal));
      // Some clients have read the JSON already.
      return (reply as unknown[]).map((entry) => (typeof entry === "string" ? JSON.parse(entry) : entry) as RuleChange);
    },
  };
}

/** So that a value that was deleted and made anew is not taken for one of the same number. */
const randomText = () => crypto.randomUUID().slice(0, 8);

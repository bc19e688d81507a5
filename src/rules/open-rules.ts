import { type Duration, durationMs } from "../core/duration.ts";
import { checkFunction, misuse } from "../core/misuse.ts";
import { wholeNumber } from "../core/whole-number.ts";
import { withDeadline } from "../limiter/deadline.ts";
import { readDescriptions } from "../limiter/described/descriptions.ts";
import { timeOf } from "../limiter/time.ts";
import { redisStore } from "../store/redis.ts";
import type { RedisClient } from "../store/redis-client.ts";
import { doubtsOf } from "./refused.ts";
import { checkedTerms, type Rule, type RuleTerms } from "./rule.ts";
import { PATIENCE_MS, type RuleChange, ruleFile } from "./rule-file.ts";
import { RulesChangedError } from "./rules-changed.ts";
import type { RuleList } from "./value.ts";

export interface OpenRulesOptions {
  /** A client as for `redisStore`, of the Redis that `rules` reads. */
  redis: RedisClient;
  /** That of `rules`. Default: none. */
  namespace?: string | undefined;
  /** The clock: ms since the epoch. Default `Date.now`. */
  now?: (() => number) | undefined;
}

/** A rule to add; `for` in place of `until`: how long it lasts. */
export interface NewRule extends RuleTerms {
  readonly for?: Duration | undefined;
}

/** A rule that was added, and what may be wrong with it. */
export interface AddedRule {
  readonly rule: Rule;
  readonly warnings: readonly string[];
}

export interface SeenOptions {
  /**
   * The `version` of the rules that the change was decided on, as `read` tells it: if they have changed since, nothing is written and
   * the call rejects with a `RulesChangedError`. Default: the change is made to the rules as they are.
   */
  version?: string | undefined;
}

export interface ForceOptions extends SeenOptions {
  /** Takes rules, too, that can't be meant. Default `false`. */
  force?: boolean | undefined;
}

export interface RemoveOptions extends SeenOptions {
  /** By whom, for the history: up to 64 characters. */
  by?: string | undefined;
}

/** The rules as they were at one moment. */
export interface RulesRead {
  /** What tells this version of them from all others. */
  readonly version: string;
  /** Those that have not ended, the oldest first. */
  readonly rules: readonly Rule[];
}

/**
 * The rules of a database, for those who change them. All methods reject with a `StoreError` if Redis can't be asked or something else
 * lies in the rules' place; a change then may have been made or not.
 */
export interface Rules {
  /** The rules that have not ended, the oldest first. */
  list(): Promise<Rule[]>;
  /** The same with their version, for a change that is made only if nobody else has made one since. */
  read(): Promise<RulesRead>;
  /**
   * Adds a rule. One for the same limiter and keys that does the same is replaced. Rejects with a `TypeError` or `RangeError` for
   * one that can't be right; `force: true` takes those, too, that can't be meant: of every key or address, or of a policy that
   * the limiter has not.
   */
  add(rule: NewRule, options?: ForceOptions): Promise<AddedRule>;
  /** Adds many at once, in one change. */
  addAll(rules: readonly NewRule[], options?: ForceOptions): Promise<AddedRule[]>;
  /** Removes a rule; resolves to it, or to `undefined` if there is none of this number. */
  remove(id: number, options?: RemoveOptions): Promise<Rule | undefined>;
  /** The last 100 changes, the newest first. */
  history(): Promise<RuleChange[]>;
}

/** Opens the rules of a database to change them. No I/O happens before a method is called. Throws errors that name the option. */
export function openRules(options: OpenRulesOptions): Rules {
  if (typeof options !== "object" || options === null) throw misuse("The options of openRules", "an object", options);
  const { redis, namespace, now = () => Date.now() } = options;
  checkFunction("now", now);
  const store = redisStore(redis, { namespace });
  const file = ruleFile(redis, namespace);

  async function addAll(
    added: readonly NewRule[],
    { force = false, version: seen }: ForceOptions = {},
  ): Promise<AddedRule[]> {
    const at = timeOf(now);
    const all = added.map((rule) => termsOf(rule, at));
    if (all.length === 0) return [];
    const limiters = await withDeadline(PATIENCE_MS, undefined, (signal) => readDescriptions(store, at, signal));
    const doubts = all.map((terms) => doubtsOf(terms, limiters));
    const [refused] = doubts.flatMap(({ refused }) => refused);
    if (refused !== undefined && !force) throw new RangeError(`Refused: ${refused}`);
    const made = await file.change({ change: "add", at, ...byOf(all[0]?.by) }, (list) => {
      const { version, rules } = unchanged(list, seen);
      const made = all.map((terms, i): Rule => ({ id: version + 1 + i, ...terms, at: Math.floor(at / 1000) * 1000 }));
      const kept = new Map(rules.map((rule) => [sameness(rule), rule]));
      for (const rule of made) {
        kept.delete(sameness(rule));
        kept.set(sameness(rule), rule);
      }
      return { version: version + made.length, rules: [...kept.values()], told: made, result: made };
    });
    return (made as Rule[]).map((rule, i) => {
      const { refused = [], warnings = [] } = doubts[i] ?? {};
      return { rule, warnings: [...refused, ...warnings] };
    });
  }

  async function read(): Promise<RulesRead> {
    const at = timeOf(now);
    const { head, rules } = await file.read();
    return { version: head, rules: rules.filter(({ until = Infinity }) => until > at) };
  }

  return {
    list: async () => [...(await read()).rules],
    read,
    addAll,
    add: async (rule, options) => (await addAll([rule], options))[0] as AddedRule,
    async remove(id, { by, version: seen } = {}) {
      wholeNumber("id", id, 1);
      return file.change({ change: "remove", at: timeOf(now), ...byOf(by) }, (list) => {
        const { version, rules } = unchanged(list, seen);
        const removed = rules.find((rule) => rule.id === id);
        const others = rules.filter((rule) => rule !== removed);
        return removed && { version: version + 1, rules: others, told: [removed], result: removed };
      });
    },
    history: file.history,
  };
}

const byOf = (by: string | undefined) => (by ? { by } : undefined);

/** The list, if it is still the one that was seen. */
function unchanged(list: RuleList, seen: string | undefined): RuleList {
  if (seen === undefined || seen === list.head) return list;
  throw new RulesChangedError();
}

function termsOf(rule: NewRule, at: number): RuleTerms {
  if (typeof rule !== "object" || rule === null) return checkedTerms(rule);
  const { for: lasting, ...terms } = rule;
  if (lasting === undefined) return checkedTerms(terms);
  if (terms.until !== undefined) throw new TypeError("A rule has for or until, not both");
  return checkedTerms({ ...terms, until: at + durationMs("for", lasting) });
}

/** Two rules of which this is the same are one. */
function sameness({ limiter = "", key, pattern, network, what }: Rule): string {
  return JSON.stringify([limiter, key, pattern, network, what]);
}

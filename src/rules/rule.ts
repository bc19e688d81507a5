import { misuse } from "../core/misuse.ts";
import { checkedName } from "../core/name.ts";
import { wholeNumber } from "../core/whole-number.ts";
import { networkIn, networkText } from "./network.ts";

/** What a rule does: gives other limits, lets pass without counting, or denies. */
export type RuleKind = "limit" | "allow" | "block";

/** Which calls a rule is for, and what it does. */
export interface RuleTerms {
  /** The limiter's name. Left out: all limiters. */
  readonly limiter?: string | undefined;
  /** Of `key`, `pattern` and `network` there is one. The key as callers give it, 1 to 512 characters. */
  readonly key?: string | undefined;
  /** Keys in which each `*` stands for any characters, or none, as in `"tenant:*"`: up to 256 characters. */
  readonly pattern?: string | undefined;
  /** An address or a network, as in `"192.0.2.0/24"` or `"2001:db8::/32"`. */
  readonly network?: string | undefined;
  readonly what: RuleKind;
  /** Of a `"limit"`: whole numbers from 0 by policy name, at most 8. */
  readonly limits?: Readonly<Record<string, number>> | undefined;
  /** When the rule ends, ms since the epoch, kept in whole seconds, rounded up. Left out: never. */
  readonly until?: number | undefined;
  /** Why, up to 200 characters. */
  readonly why?: string | undefined;
  /** By whom, up to 64 characters. */
  readonly by?: string | undefined;
}

/** A rule as it is kept. */
export interface Rule extends RuleTerms {
  /** Its number, which no other rule of the database has had. */
  readonly id: number;
  /** When it was made, ms since the epoch, in whole seconds. */
  readonly at: number;
}

const MOST_TEXT = { key: 512, pattern: 256, why: 200, by: 64 } as const;
const MOST_LIMITS = 8;
const MOST_TIME_MS = 8.64e15;

/** The terms with nothing else in them and in their one spelling; throws an error that names what is wrong. */
export function checkedTerms(terms: RuleTerms): RuleTerms {
  if (typeof terms !== "object" || terms === null) throw misuse("A rule", "an object", terms);
  const { limiter, key, pattern, network, what, limits, until, why, by } = terms;
  if (Number(key === undefined) + Number(pattern === undefined) + Number(network === undefined) !== 2) {
    throw new TypeError("A rule must have one of key, pattern and network");
  }
  if (what !== "limit" && what !== "allow" && what !== "block") {
    throw misuse("what", '"limit", "allow" or "block"', what, typeof what === "string");
  }
  if ((what === "limit") !== (limits !== undefined)) {
    throw new TypeError('limits must be there for "limit", and for nothing else');
  }
  // Thousands are checked when they are read, so there are no objects made on the way.
  const checked: { -readonly [Name in keyof RuleTerms]: RuleTerms[Name] } = { what };
  if (limiter !== undefined) checked.limiter = checkedName("limiter", limiter);
  if (key !== undefined) checked.key = textOf("key", key);
  if (pattern !== undefined) checked.pattern = checkedPattern(pattern);
  if (network !== undefined) checked.network = checkedNetwork(network);
  if (limits !== undefined) checked.limits = checkedLimits(limits);
  if (until !== undefined) checked.until = 1000 * Math.ceil(wholeNumber("until", until, 0, MOST_TIME_MS) / 1000);
  if (why !== undefined && why !== "") checked.why = textOf("why", why);
  if (by !== undefined && by !== "") checked.by = textOf("by", by);
  return checked;
}

function textOf(option: keyof typeof MOST_TEXT, value: unknown): string {
  const most = MOST_TEXT[option];
  if (typeof value === "string" && value !== "" && value.length <= most && value.isWellFormed()) return value;
  throw misuse(option, `text of 1 to ${most} characters`, value, typeof value === "string");
}

function checkedPattern(pattern: unknown): string {
  const text = textOf("pattern", pattern);
  // Several in a row mean the same as one.
  if (text.includes("*")) return text.replace(/\*+/g, "*");
  throw misuse("pattern", "text with a *", text, true);
}

function checkedNetwork(network: unknown): string {
  const found = typeof network === "string" ? networkIn(network) : undefined;
  if (found) return networkText(found);
  const like = 'an address or a network, as in "192.0.2.0/24" or "2001:db8::/32"';
  throw misuse("network", like, network, typeof network === "string");
}

function checkedLimits(limits: unknown): Readonly<Record<string, number>> {
  const entries = typeof limits === "object" && limits !== null ? Object.entries(limits) : [];
  if (entries.length < 1 || entries.length > MOST_LIMITS) {
    throw misuse("limits", `an object of 1 to ${MOST_LIMITS} numbers by policy name`, limits);
  }
  for (const [name, limit] of entries) wholeNumber(`limits.${name}`, limit, 0);
  return Object.fromEntries(entries);
}

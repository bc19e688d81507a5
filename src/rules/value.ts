import { checkedTerms, type Rule, type RuleKind } from "./rule.ts";

/** Where the rules lie, behind the namespace. */
export const RULES_KEY = "sluice:rules";

/** The most that the rules may take, in bytes of UTF-8. */
export const MOST_BYTES = 512 * 1024;

/** The rules of a database, and which version they are. */
export interface RuleList {
  /** Counts rules ever made and changes; the next rule's id is one more. */
  readonly version: number;
  /** What tells this version from all others, as the scripts know it: `"none"` where there is no value. */
  readonly head: string;
  readonly rules: readonly Rule[];
}

export const NO_RULES: RuleList = { version: 0, head: "none", rules: [] };

/** A rule as it is stored; what is missing at the end is left out. */
type StoredRule = readonly [
  id: number,
  /** What it does and for whom, a letter each, and the key, pattern or network. */
  selector: string,
  limiter?: string,
  /** In seconds since the epoch; 0: never. */
  until?: number,
  at?: number,
  by?: string,
  why?: string,
  limits?: Readonly<Record<string, number>>,
];

const KINDS: Readonly<Record<string, RuleKind>> = { b: "block", a: "allow", l: "limit" };
const SELECTORS = { k: "key", p: "pattern", n: "network" } as const;

/** The text that is stored: a line `sluice-rules 1 <head>`, then the rules as JSON. */
export function valueText({ head, rules }: RuleList): string {
  return `sluice-rules 1 ${head}\n${JSON.stringify(rules.map(storedRule))}`;
}

/** What such a text says; throws if it is none. */
export function rulesIn(text: string): RuleList {
  const [, head, version, json = ""] = /^sluice-rules 1 (v(\d{1,15})\.\w+)\n(.*)$/s.exec(text) ?? [];
  const stored: unknown = JSON.parse(json);
  if (head === undefined || !Array.isArray(stored)) throw new TypeError("These are no rules");
  return { head, version: Number(version), rules: stored.map(ruleIn) };
}

function storedRule(rule: Rule): StoredRule {
  const { id, limiter = "", key, pattern, network, what, limits, until = 0, why = "", by = "", at } = rule;
  const letter = key !== undefined ? "k" : pattern !== undefined ? "p" : "n";
  const selector = what.charAt(0) + letter + (key ?? pattern ?? network);
  const parts: unknown[] = [id, selector, limiter, until / 1000, at / 1000, by, why, limits ?? 0];
  while (parts.at(-1) === "" || parts.at(-1) === 0) parts.pop();
  return parts as unknown as StoredRule;
}

function ruleIn(stored: unknown): Rule {
  if (!Array.isArray(stored)) throw new TypeError("This is no rule");
  const [id, selector, limiter = "", until = 0, at = 0, by = "", why = "", limits = 0] = stored;
  const what = typeof selector === "string" ? KINDS[selector.charAt(0)] : undefined;
  const target = what && SELECTORS[selector.charAt(1) as keyof typeof SELECTORS];
  if (!Number.isSafeInteger(id) || !what || !target) throw new TypeError("This is no rule");
  const terms = checkedTerms({
    what,
    key: target === "key" ? selector.slice(2) : undefined,
    pattern: target === "pattern" ? selector.slice(2) : undefined,
    network: target === "network" ? selector.slice(2) : undefined,
    limiter: limiter === "" ? undefined : limiter,
    until: until === 0 ? undefined : until * 1000,
    limits: limits === 0 ? undefined : limits,
    by,
    why,
  });
  return Object.assign(terms, { id, at: Number(at) * 1000 });
}

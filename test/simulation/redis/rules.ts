import { describeLimiter } from "../../../src/limiter/described/scripts.ts";
import { readRules } from "../../../src/rules/scripts.ts";
import { RULES_KEY, type RuleList, valueText } from "../../../src/rules/value.ts";
import type { RuleMade } from "../world/history.ts";
import type { Keyspace } from "./keyspace.ts";

/** Rules as a database stores them; `version` counts its changes from 1. */
export function storedRules(rules: readonly RuleMade[], version: number, at: number): string {
  const list: RuleList = {
    version,
    head: `v${version}.simulated`,
    rules: rules.map((rule, i) => ({ ...rule, id: i + 1, at: Math.floor(at / 1000) * 1000 })),
  };
  return valueText(list);
}

/** What a script that is no step replies. */
export interface Lookup {
  readonly reply: unknown;
  readonly billed: number;
}

/** What stands in for read-rules.lua. */
function runReadRules(
  keyspace: Keyspace,
  [key = ""]: readonly string[],
  [known]: readonly string[],
  now: number,
): Lookup {
  const text = keyspace.get(key, now)?.value as string | undefined;
  const head = text === undefined ? "none" : (/^sluice-rules 1 (\S+)\n/.exec(text)?.[1] ?? "foreign");
  if (head === known) return { reply: null, billed: 2 };
  return text === undefined || head === "foreign" ? { reply: head, billed: 2 } : { reply: text, billed: 3 };
}

/** Descriptions are for operators, and nobody reads them here. */
const runDescribe = (): Lookup => ({ reply: 1, billed: 2 });

export const LOOKUPS = [
  { script: readRules, run: runReadRules },
  { script: describeLimiter, run: runDescribe },
] as const;

export { RULES_KEY };

import { addressesIn } from "./addresses.ts";
import { createByLength } from "./by-length.ts";
import { type Network, networkIn, prefixOf } from "./network.ts";
import { fits, type Pattern, patternIn } from "./pattern.ts";
import type { Rule } from "./rule.ts";

/** Finds the rule for a call. */
export interface RuleIndex {
  /**
   * The most specific rule for a limiter's key that has not ended at `at`: of the key itself before networks before patterns; of
   * networks the longest, of patterns the one with the most characters; then of the limiter before all; then block before
   * allow before limit; then the newest.
   */
  find(limiter: string, key: string, at: number): Rule | undefined;
}

/** A rule under a pattern. */
interface Wild {
  readonly pattern: Pattern;
  readonly rule: Rule;
}

const WEIGHTS = { block: 2, allow: 1, limit: 0 } as const;

export function ruleIndexOf(rules: readonly Rule[]): RuleIndex {
  const exact = new Map<string, Rule[]>();
  const networks = createByLength<Rule>();
  const heads = createByLength<Wild>();
  const tails = createByLength<Wild>();
  /** Characters of a pattern, or bits of a network. */
  const lengths = new Map<Rule, number>();

  for (const rule of rules) {
    if (rule.key !== undefined) exact.set(rule.key, [...(exact.get(rule.key) ?? []), rule]);
    else if (rule.network !== undefined) {
      const { text, bits } = networkIn(rule.network) as Network;
      networks.add(prefixOf(text, bits), bits, rule);
      lengths.set(rule, bits);
    } else {
      const pattern = patternIn(rule.pattern as string);
      const { head, tail } = pattern;
      // Under the longer end, so that few others lie in the same place.
      if (head.length >= tail.length) heads.add(head, head.length, { pattern, rule });
      else tails.add(tail, tail.length, { pattern, rule });
      lengths.set(rule, (rule.pattern as string).replaceAll("*", "").length);
    }
  }

  const lengthOf = (rule: Rule) => lengths.get(rule) ?? 0;

  function isBefore(one: Rule, other: Rule): boolean {
    const byLength = lengthOf(one) - lengthOf(other);
    const byLimiter = Number(one.limiter !== undefined) - Number(other.limiter !== undefined);
    return (byLength || byLimiter || WEIGHTS[one.what] - WEIGHTS[other.what] || one.id - other.id) > 0;
  }

  function most(found: readonly Rule[], limiter: string, at: number): Rule | undefined {
    let best: Rule | undefined;
    for (const rule of found) {
      if (rule.limiter !== undefined && rule.limiter !== limiter) continue;
      if (rule.until !== undefined && rule.until <= at) continue;
      if (!best || isBefore(rule, best)) best = rule;
    }
    return best;
  }

  function ofNetworks(key: string): Rule[] {
    const found = addressesIn(key).map(({ text, bits }) =>
      networks.find((length) => (length <= bits ? prefixOf(text, length) : undefined)),
    );
    // A client who can choose a part of its key must not get in by an address that it puts there.
    return found.flat().filter((rule) => rule.what === "block" || found.every((each) => each.includes(rule)));
  }

  function ofPatterns(key: string): Rule[] {
    const wild = heads.find((length) => key.slice(0, length));
    if (tails.size > 0) wild.push(...tails.find((length) => key.slice(Math.max(0, key.length - length))));
    return wild.filter(({ pattern }) => fits(pattern, key)).map(({ rule }) => rule);
  }

  return {
    find(limiter, key, at) {
      const own = exact.get(key);
      return (
        (own && most(own, limiter, at)) ??
        (networks.size > 0 ? most(ofNetworks(key), limiter, at) : undefined) ??
        (heads.size + tails.size > 0 ? most(ofPatterns(key), limiter, at) : undefined)
      );
    },
  };
}

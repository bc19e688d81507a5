import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressesIn } from "../../src/rules/addresses.ts";
import { type Network, networkIn, prefixOf } from "../../src/rules/network.ts";
import { checkedTerms, type Rule, type RuleTerms } from "../../src/rules/rule.ts";
import { ruleIndexOf } from "../../src/rules/rule-index.ts";
import { rulesIn, valueText } from "../../src/rules/value.ts";

const made = (...terms: RuleTerms[]) => terms.map((each, i): Rule => ({ ...checkedTerms(each), id: i + 1, at: 0 }));
const found = (rules: readonly Rule[], key: string, limiter = "api", at = 0) =>
  ruleIndexOf(rules).find(limiter, key, at)?.id;

describe("the rule for a call", () => {
  const block = { what: "block" } as const;
  const allow = { what: "allow" } as const;
  const limit = { what: "limit", limits: { quota: 1 } } as const;

  test("is the most specific: the key, then the longest network, then the pattern with the most characters", () => {
    const rules = made(
      { ...block, pattern: "*" },
      { ...allow, pattern: "192.*" },
      { ...block, pattern: "*.2.1" },
      { ...block, network: "192.0.0.0/8" },
      { ...allow, network: "192.0.2.0/24" },
      { ...limit, key: "192.0.2.1" },
    );
    expect(found(rules, "192.0.2.1")).toBe(6);
    expect(found(rules, "192.0.2.2")).toBe(5);
    expect(found(rules, "192.0.3.1")).toBe(4);
    expect(found(rules, "192.x")).toBe(2);
    expect(found(rules, "x.2.1")).toBe(3);
    expect(found(rules, "x")).toBe(1);
  });

  test("of the limiter before all; then block before allow before limit; then the newest", () => {
    expect(found(made({ ...allow, key: "k", limiter: "api" }, { ...block, key: "k" }), "k")).toBe(1);
    expect(found(made({ ...allow, key: "k", limiter: "other" }, { ...block, key: "k" }), "k")).toBe(2);
    expect(found(made({ ...limit, key: "k" }, { ...block, key: "k" }, { ...allow, key: "k" }), "k")).toBe(2);
    expect(found(made({ ...allow, pattern: "k*" }, { ...limit, pattern: "k*" }), "k1")).toBe(1);
    expect(found(made({ ...block, pattern: "*k1" }, { ...block, pattern: "k1*" }), "k1")).toBe(2);
  });

  test("has not ended", () => {
    const rules = made({ ...block, key: "k", until: 5000 }, { ...allow, pattern: "k*" });
    expect([4999, 5000].map((at) => found(rules, "k", "api", at))).toEqual([1, 2]);
  });

  test("a prefix of a client lies in a network, but not in a part of itself", () => {
    const rules = made({ ...block, network: "2001:db8::/48" }, { ...allow, network: "2001:db8:0:1::/72" });
    expect(found(rules, "2001:db8:0:1::/64")).toBe(1);
    expect(found(rules, "2001:db9:0:1::/64")).toBeUndefined();
  });

  test("a block needs one address in the key, anything else all of them", () => {
    const rules = made({ ...allow, network: "10.0.0.0/8" }, { ...block, network: "192.0.2.0/24" });
    expect(found(rules, '["10.0.0.1","/"]')).toBe(1);
    expect(found(rules, '["10.0.0.1","203.0.113.1"]')).toBeUndefined();
    expect(found(rules, '["10.0.0.1","192.0.2.1"]')).toBe(2);
    expect(found(rules, '["203.0.113.1","192.0.2.1"]')).toBe(2);
  });

  test("a key with a star in it is one key", () => {
    expect(found(made({ ...block, key: "a*" }), "ab")).toBeUndefined();
    expect(found(made({ ...block, key: "a*" }), "a*")).toBe(1);
  });
});

describe("against a search through all", () => {
  const part = fc.stringMatching(/^[ab:]{0,3}$/);
  const pattern = fc.array(part, { minLength: 2, maxLength: 4 }).map((parts) => parts.join("*"));
  const address = fc.constantFrom("10.0.0.1", "10.0.1.1", "10.1.1.1", "2001:db8:0:1::/64", "2001:db8:1:1::/64");
  const network = fc
    .tuple(address, fc.integer({ min: 0, max: 32 }))
    .map(([address, bits]) => `${address.split("/")[0]}/${bits}`);
  const selector = fc.oneof(
    pattern.map((pattern) => ({ pattern })),
    network.map((network) => ({ network })),
    fc.oneof(address, fc.stringMatching(/^[ab:]{1,4}$/)).map((key) => ({ key })),
  );
  const what = fc.constantFrom<Partial<RuleTerms>>(
    { what: "block" },
    { what: "allow" },
    { what: "limit", limits: { quota: 3, "a b": 0 } },
  );
  const rest = fc.record(
    { limiter: fc.constantFrom("api", "other"), until: fc.constantFrom(1000, 5000), why: part, by: part },
    { requiredKeys: [] },
  );
  const terms = fc
    .tuple(selector, what, rest)
    .map(([selector, what, rest]) => ({ ...selector, ...what, ...rest }) as RuleTerms);
  const rules = fc.array(terms, { maxLength: 12 }).map((all) => made(...all));
  const key = fc.oneof(
    fc.stringMatching(/^[ab:]{1,8}$/),
    address,
    address.map((address) => `1:${address}`),
    fc.array(address, { minLength: 1, maxLength: 3 }).map((parts) => JSON.stringify(parts)),
  );

  function lies(address: Network, { text, bits }: Network): boolean {
    return bits <= address.bits && prefixOf(address.text, bits) === prefixOf(text, bits);
  }

  function matches(rule: Rule, key: string): boolean {
    if (rule.key !== undefined) return rule.key === key;
    if (rule.pattern !== undefined) {
      const escaped = rule.pattern.split("*").map((part) => part.replace(/[^\w]/g, "\\$&"));
      return new RegExp(`^${escaped.join(".*")}$`, "s").test(key);
    }
    const within = addressesIn(key).map((address) => lies(address, networkIn(rule.network as string) as Network));
    return rule.what === "block" ? within.includes(true) : within.length > 0 && !within.includes(false);
  }

  /** The larger, the more specific. */
  function rankOf({ key, network, pattern, limiter, what, id }: Rule): number[] {
    const length = network ? networkIn(network)?.bits : pattern?.replaceAll("*", "").length;
    return [
      key !== undefined ? 2 : network !== undefined ? 1 : 0,
      length ?? 0,
      limiter ? 1 : 0,
      ["limit", "allow", "block"].indexOf(what),
      id,
    ];
  }

  function slowly(rules: readonly Rule[], limiter: string, key: string, at: number): Rule | undefined {
    return rules
      .filter((rule) => (rule.limiter ?? limiter) === limiter && (rule.until ?? Infinity) > at && matches(rule, key))
      .sort((one, other) => {
        const [a, b] = [rankOf(one), rankOf(other)];
        const i = a.findIndex((part, i) => part !== b[i]);
        return (b[i] as number) - (a[i] as number);
      })[0];
  }

  test("finds the same rule", () => {
    fc.assert(
      fc.property(rules, key, fc.constantFrom(0, 1000, 4000), (rules, key, at) => {
        expect(ruleIndexOf(rules).find("api", key, at)).toEqual(slowly(rules, "api", key, at));
      }),
      { numRuns: 5000 },
    );
  });

  test("what is stored is what was meant", () => {
    fc.assert(
      fc.property(rules, (rules) => {
        const list = { version: 12, head: "v12.0a1b2c3d", rules };
        expect(rulesIn(valueText(list))).toEqual(list);
      }),
    );
  });
});

import { broken, KEY_SET, type Mutations } from "./mutations.ts";

export const keySetMutations: Mutations = {
  file: "key-set.lua",
  words: "key set",
  tests: [KEY_SET],
  list: [
    broken("the clock may run backwards", ["now = asked + lead", "now = asked"]),
    broken("all keys go by the latest time seen in any", ["now = asked + lead", "now = math.max(now, seen)"]),
    broken("a clock that runs ahead counts on through the grace", ["call('PTTL', KEYS[k]) <= GRACE", "false"]),
    broken("what a clock ahead took does not count", ["call('PTTL', KEYS[k]) <= GRACE", "true"]),
    broken("the first key's end stands for all", ["call('PTTL', KEYS[k])", "call('PTTL', KEYS[1])"]),
    broken("a bucket denies what fits exactly", [
      "if after > ceiling then allowed = false end",
      "if after >= ceiling then allowed = false end",
    ]),
    broken("a window denies what fits exactly", ["if load > ceiling then", "if load >= ceiling then"]),
    broken("the last window alone decides", [
      "if load > ceiling then allowed = false end",
      "allowed = load <= ceiling",
    ]),
    broken("the last bucket alone decides", [
      "if after > ceiling then allowed = false end",
      "allowed = after <= ceiling",
    ]),
    broken("a limit that shrinks keeps all that was used", ["math.min(count, full)", "count"]),
    broken("a single bucket's debt is read as use", ["only == 'b' and -one or 0", "one"]),
    broken("a fixed window reads a debt", ["only == 'b' and -one or 0", "-one"]),
    broken("a debt among others is read as use", ["if debt then count = -count end", ""]),
    broken("a single bucket's debt is written as use", [
      "local debt, count = 0, low",
      "local debt, count = 0, math.abs(low)",
    ]),
    broken("a debt among others is written as use", [
      "local count, debt = new[c], 0",
      "local count, debt = math.abs(new[c]), 0",
    ]),
    broken("a set takes twelve bytes for a state", ["value and only and #value == 12", "value and #value == 12"]),
    broken("any length is a state", ["value and #value == 6 + 7 * size and", "value and"]),
    broken("one policy takes the form of a set", [" and (not only or only == 's')", ""]),
    broken("large counts are cut", ["(only and a or a % 32)", "0"]),
    broken("a sliding window alone has debts", ["(only and a or a % 32)", "a % 32"]),
    broken("only small counts are stored", ["wide = low >= 2^24 or new[to] >= 2^24", ""]),
    broken("writes on denial", ["if not allowed then return old end", "if not allowed then new = old end"]),
    broken("a denial tells what it would have come to", ["return old", "return new"]),
    broken("only the first key is written", ["call('SET', KEYS[k],", "call('SET', KEYS[1],"]),
    broken("rolls 1 ms late", ["if seen < now - elapsed then", "if seen < now - elapsed - 1 then"]),
    broken("goes as soon as what it holds is whole", ["ttl + GRACE", "ttl"]),
    broken("expires early after a call that was overtaken", ["lead >= pace", "lead > 0"]),
    broken("lives as long as its last policy", ["if lives > ttl then ttl = lives end", "ttl = lives"]),
    broken("lives for ever after a large debt", ["if ttl > 1e13 then ttl = 1e13 end", ""]),
  ],
};

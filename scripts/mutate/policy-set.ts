import { broken, bucketBrokenSince, GRACE, MODEL, type Mutations, VECTORS, windowBrokenSince } from "./mutations.ts";

export const policySetMutations: Mutations = {
  file: "policy-set.lua",
  words: "policy set",
  tests: [VECTORS, GRACE, MODEL],
  list: [
    ...bucketBrokenSince,
    ...windowBrokenSince("pace", "taken"),
    broken("the clock may run backwards", ["now, lead = seen, seen - now", "lead = seen - now"]),
    broken("a bucket denies what fits exactly", [
      "if after > ceiling then allowed = false end",
      "if after >= ceiling then allowed = false end",
    ]),
    broken("a limit that shrinks keeps all that was used", ["count < full and count or full", "count"]),
    broken("a debt is read as use", ["if debt then count = -count end", ""]),
    broken("a debt is written as use", ["(new[i] < 0 and 32 or 0)", "0"]),
    broken(
      "a bucket lives no longer than its own pace takes",
      ["(after > full and after or full)", "after"],
      ["if life < window then life = window end", ""],
    ),
    broken("a sliding window denies what fits exactly", ["carried * lives", "carried * lives + 1"]),
    broken("a fixed window denies what fits exactly", ["load = taken\n", "load = taken + 1\n"]),
    broken("writes on denial", ["if not allowed then return old end", "if not allowed then new = old end"]),
    broken("the last policy alone decides", [
      "if load > ceiling then allowed = false end",
      "allowed = load <= ceiling",
    ]),
    broken("rolls 1 ms late", ["if seen < now - elapsed then", "if seen < now - elapsed - 1 then"]),
    broken("a clock that runs ahead counts on through the grace", ["call('PTTL', key) <= GRACE", "false"]),
    broken("goes as soon as what it holds is whole", ["ttl + GRACE", "ttl"]),
    broken("expires early after a call that was overtaken", ["lead >= pace", "lead > 0"]),
    broken("lives as long as its last policy", ["if lives > ttl then ttl = lives end", "ttl = lives"]),
  ],
};

import { broken, GRACE, MODEL, type Mutations, VECTORS } from "./mutations.ts";

export const policySetMutations: Mutations = {
  file: "policy-set.lua",
  words: "policy set",
  tests: [VECTORS, GRACE, MODEL],
  list: [
    broken("the clock may run backwards", ["now, lead = seen, seen - now", "lead = seen - now"]),
    broken("a bucket denies what fits exactly", [
      "if taken > ceiling then allowed = false end",
      "if taken >= ceiling then allowed = false end",
    ]),
    broken("a sliding window denies what fits exactly", ["(pace - elapsed) > ceiling", "(pace - elapsed) >= ceiling"]),
    broken("a fixed window denies what fits exactly", ["elseif taken > ceiling", "elseif taken >= ceiling"]),
    broken("writes on denial", ["if not allowed then return before end", "if not allowed then after = before end"]),
    broken("the last policy alone decides", [
      "elseif taken > ceiling then\n      allowed = false",
      "else\n      allowed = taken <= ceiling",
    ]),
    broken("rolls 1 ms late", ["if seen < now - elapsed then", "if seen < now - elapsed - 1 then"]),
    broken("a clock that runs ahead counts on through the grace", ["call('PTTL', key) <= GRACE", "false"]),
    broken("goes as soon as what it holds is whole", ["ttl + GRACE", "ttl"]),
    broken("expires early after a call that was overtaken", ["lead >= pace", "lead > 0"]),
    broken("lives as long as its last policy", ["if life > ttl then ttl = life end", "ttl = life"]),
  ],
};

import { broken, GRANTS, type Mutations } from "./mutations.ts";

export const grantsMutations: Mutations = {
  file: "grants.lua",
  words: "grants",
  tests: [GRANTS],
  list: [
    broken("leftovers come back whole", ["-args[n - 1], gone", "-args[n - 1], now"]),
    broken("leftovers count as taken without a time", ["-args[n - 1], gone", "-args[n - 1], nil"]),
    broken("leftovers are kept", ["ceiling = -args[n - 1]", "ceiling = 0 * args[n - 1]"]),
    broken("leftovers of an earlier state come back to a bucket", ["gone, 1e300", "gone, ceiling"]),
    broken("grants half of the room", ["math.floor(room / cost / 4)", "math.floor(room / cost / 2)"]),
    broken("grants parts of calls", ["math.floor(room / cost / 4)", "room / cost / 4"]),
    broken("grants by the last policy alone", ["math.min(grants[k], math.max(0,", "math.min(spare, math.max(0,"]),
    broken("grants what it does not debit", ["cost * (1 + grants[k]) or 0", "cost or 0"]),
    broken("debits what it grants and not the call", ["cost * (1 + grants[k]) or 0", "cost * grants[k] or 0"]),
    broken("a sliding window's room is not weighed", [
      "new[i + 1], cost = carried, cost * pace",
      "new[i + 1] = carried",
    ]),
    broken("a denial takes", ["allowed and cost * (1 + grants[k]) or 0", "cost * (1 + grants[k])"]),
    broken("a denial tells that it allows", ["if not allowed then new[1] = 0 end", ""]),
    broken("a denial tells of grants", ["allowed and grants[k] or 0, now, now", "grants[k], now, now"]),
    broken("a denial writes every key", ["if allowed or backs[k] then", "if true then"]),
    broken("a denial forgets what came back", ["if allowed or backs[k] then", "if allowed then"]),
    broken("a denial returns before what came back is written", ["not (allowed or brings)", "not allowed"]),
    broken("the clock may run backwards", ["now = asked + lead", "now = asked"]),
    broken("goes as soon as what it holds is whole", ["ttl + GRACE", "ttl"]),
    broken("lives as long as its last policy", ["if lives > ttl then ttl = lives end", "ttl = lives"]),
  ],
};

import { broken, GRANTS, type Mutations } from "./mutations.ts";

/** What grants.lua has besides, for windows of the calendar. */
export const grantsWindowsMutations: Mutations = {
  file: "grants-windows.lua",
  words: "windows taken ahead",
  tests: [GRANTS, "test/algorithm/penalty/grants.test.ts"],
  list: [
    broken("a single month is read by the time it was written", [
      "number(byte(value, 7, 12))",
      "number(byte(value, 1, 6))",
    ]),
    broken("a month denies what fits exactly", [
      "if after > ceiling then allowed = false end\n        new[i], new[i + 1], lives",
      "if after >= ceiling then allowed = false end\n        new[i], new[i + 1], lives",
    ]),
    broken("a month rolls 1 ms late", ["ends <= now then", "ends < now then"]),
    broken("a month goes as soon as it is whole", ["ends - now, most - after", "ends - now - 1000, most - after"]),
    broken("a month grants a quarter of the limit", ["ends - now, most - after", "ends - now, most"]),
    broken("what comes back to a month goes to another", ["+ behind) ~= ends)", "+ behind) == 0)"]),
    broken("a month's end is not there for the second look", [
      "pair and old[i + 1] or 0",
      "kind == 's' and old[i + 1] or 0",
    ]),
    broken("a single month is written with the time for its end", [
      "bytes(new[from]) .. bytes(new[from + 2])",
      "bytes(new[from]) .. bytes(new[from])",
    ]),
    broken("a month that denies is written as a window", ["if form == 'c' then", "if form == 'c' and allowed then"]),
    broken("the counts of a denied month are written without its strike", [
      "if allowed or backs[k] or writes[k] then",
      "if allowed or backs[k] then",
    ]),
  ],
};

import { broken, GRANTS, type Mutations } from "./mutations.ts";

/** What grants.lua has besides, for windows in parts and of the calendar. */
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
    broken("parts deny what fits exactly", ["if used + delta > ceiling then", "if used + delta >= ceiling then"]),
    broken("a part leaves 1 ms early", ["time > now - pace then", "time > now - pace + 1 then"]),
    broken("what has left still counts", ["used = used - units\n", "used = used\n"]),
    broken("the second look has no parts", ["if pass == 1 then old[i + 1 + m] = new[i + 1 + m] end", ""]),
    broken("what comes back to parts is of whatever they hold", [
      "since and list[n] < since and 0 or math.min(units, back)",
      "math.min(units, back)",
    ]),
    broken("what has left comes back to parts", ["if since and since <= now - pace then delta = 0 end", ""]),
    broken("parts grant a quarter of the limit", ["or 0, most - used", "or 0, most"]),
    broken("parts live a window, whatever they hold", [
      "lives, room = used > 0 and list[to - 1] + pace - now or 0,",
      "lives, room = pace,",
    ]),
    broken("a single window in parts is written as one of several", ["elseif form == 'p' then", "elseif false then"]),
    broken("the counts of a denied month are written without its strike", [
      "if allowed or backs[k] or writes[k] then",
      "if allowed or backs[k] then",
    ]),
  ],
};

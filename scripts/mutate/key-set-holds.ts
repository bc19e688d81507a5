import { broken, type Mutations } from "./mutations.ts";

/** What key-set.lua has besides, for work in flight; in-flight.ts has the steps that it shares. */
export const keySetHoldsMutations: Mutations = {
  file: "key-set-holds.lua",
  words: "key set holds",
  tests: ["test/algorithm/in-flight/key-set.test.ts"],
  list: [
    broken("what another key denies is held", ["value = mended[k]", "value = mended[k] or held[k]"]),
    broken("a denial mends no ends", ["value = mended[k]", "value = nil"]),
    broken("a denial mends the ends of the first key alone", ["mended[k] = value", "mended[1] = value"]),
    broken("a look mends ends", ["if moved and ceiling >= 0 then mended", "if moved then mended"]),
    broken("a look takes", ["look(delta, pace, ceiling, id) and ceiling >= 0", "look(delta, pace, ceiling, id)"]),
    broken("work that is full denies nothing", ["if not done and delta >= 0 then allowed = false end", ""]),
    broken("what is not there to be released keeps the rest", [
      "if not done and delta >= 0 then allowed = false end",
      "if not done then allowed = false end",
    ]),
    broken("the last key of work alone decides", [
      "if not done and delta >= 0 then allowed = false end",
      "allowed = done or delta < 0",
    ]),
    broken("a key of work outlives its holds", ["if only == 'n' then ends[k] = ttl end", ""]),
    broken("a key of work is read as twelve bytes", ["if only == 'n' then at = nil end", ""]),
    broken("only the first key's work is written", ["held[k] = value", "held[1] = value"]),
    broken("an empty key stays", ["if value and #value == 2 then\n", "if false then\n"]),
    broken("a denial tells what it would have come to", ["tell(old, i)", "tell(new, i)"]),
    broken("work takes what it was asked to, whatever it costs", ["take(delta, pace, id)", "take(1, pace, id)"]),
    broken("all work has the first key's hold", ["args[n + 4] ~= '' and args[n + 4]", "args[8]"]),
  ],
};

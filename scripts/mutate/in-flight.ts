import { broken, type Mutations } from "./mutations.ts";

export const inFlightMutations: Mutations = {
  file: "in-flight.lua",
  words: "in flight",
  tests: ["test/algorithm/in-flight/vectors.test.ts", "test/algorithm/in-flight/model.test.ts"],
  list: [
    broken("a caller's clock ends the holds of others", ["if not known then\n", "if false then\n"]),
    broken("the clock of Redis is asked where nothing has passed", [
      "if (leaves > 0 and leaves <= now) or last() > now + hold + APART then",
      "if true then",
    ]),
    broken("what has passed is never cleared away", ["while p < #holds and ending(p) <= time do", "while false do"]),
    broken("a hold ends 1 ms late", ["ending(p) <= time do", "ending(p) < time do"]),
    broken(
      "a hold ends 1 ms early",
      ["leaves <= now) or", "leaves <= now + 1) or"],
      ["ending(p) <= time do", "ending(p) <= time + 1 do"],
    ),
    broken("all that has passed goes, the caller's own, too", ["if p == own then kept", "if false then kept"]),
    broken("ends of a clock ahead stay", ["while p > 0 and ending(p) > time + hold do", "while false do"]),
    broken("a denial does not keep ends that were moved back", ["if moved and ceiling >= 0 then write() end", ""]),
    broken("a look writes", ["if moved and ceiling >= 0 then write() end", "if moved then write() end"]),
    broken("clocks a second apart are asked about", ["APART = 20, 1000", "APART = 20, 0"]),
    broken("a hold is dated before the newest", ["math.max(now + later, last() - hold)", "now + later"]),
    broken("a hold is dated by the caller's clock though that of Redis is known", [
      "math.max(now + later,",
      "math.max(now,",
    ]),
    broken("times are told by the clock of Redis", ["known, later = true, time - now", "known = true"]),
    broken("denies what fits exactly", ["if need > 0 and not (own", "if need >= 0 and not (own"]),
    broken("what is asked for again is denied when it is full", ["and not (own and delta <= cost) then", "then"]),
    broken("what is asked for again may grow past the limit", ["not (own and delta <= cost)", "not own"]),
    broken("what is asked for again counts twice", ["if own then holds = without(own) end", ""]),
    broken("a release gives nothing back", ["math.max(0, used - cost), nil", "used, nil"]),
    broken("a release of what is not there is done", [
      "if not own then return reply(0) end",
      "if not own then return reply(1) end",
    ]),
    broken("an extension leaves the end as it is", [
      "holds .. bytes(start + hold)",
      "holds .. bytes(args[2] + 0 == 0 and now or start + hold)",
    ]),
    broken("a key outlives its holds", ["'PX', hold)", "'PX', hold * 2)"]),
    broken("a key goes before its holds", ["'PX', hold)", "'PX', hold / 2)"]),
    broken("an empty key stays", ["if holds == '' then\n", "if false then\n"]),
    broken("a caller waits for its own hold", ["if p ~= own then", "if true then"]),
    broken("units above 255 are lost", [
      "string.char((delta - delta % 256) / 256, delta % 256)",
      "string.char(0, delta % 256)",
    ]),
    broken("units in use above 255 are lost", ["string.char((used - low) / 256, low)", "string.char(0, low)"]),
    broken("what passed still counts", ["else used = used - units(p) end", "end"]),
  ],
};

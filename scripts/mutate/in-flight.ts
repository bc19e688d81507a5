import { broken, type Mutations } from "./mutations.ts";

export const inFlightMutations: Mutations = {
  file: "in-flight.lua",
  words: "in flight",
  tests: ["test/algorithm/in-flight/vectors.test.ts", "test/algorithm/in-flight/model.test.ts"],
  list: [
    broken("a caller's clock ends the holds of others", [
      "    if not time then\n",
      "    time = time or now\n    if false then\n",
    ]),
    broken("the clock of Redis is asked where nothing has passed", [
      "if (leaves > 0 and leaves <= now) or last() > now + hold + APART then",
      "if true then",
    ]),
    broken("what has passed is never cleared away", ["while p < #value and ending(p) <= time do", "while false do"]),
    broken("a hold ends 1 ms late", ["ending(p) <= time do", "ending(p) < time do"]),
    broken(
      "a hold ends 1 ms early",
      ["leaves <= now) or", "leaves <= now + 1) or"],
      ["ending(p) <= time do", "ending(p) <= time + 1 do"],
    ),
    broken("all that has passed goes, the caller's own, too", ["if p == own then kept", "if false then kept"]),
    broken("ends of a clock ahead stay", ["while p > 2 and ending(p) > time + hold do", "while false do"]),
    broken("a denial does not keep ends that were moved back", [
      "if done or (moved and ceiling >= 0) then",
      "if done then",
    ]),
    broken("a look writes", ["if done or (moved and ceiling >= 0) then", "if done or moved then"]),
    broken("clocks a second apart are asked about", ["APART = 20, 1000", "APART = 20, 0"]),
    broken("a hold is dated before the newest", ["math.max(now + later, last() - hold)", "now + later"]),
    broken("a hold is dated by the caller's clock though that of Redis is known", [
      "math.max(now + later,",
      "math.max(now,",
    ]),
    broken("times are told by the clock of Redis", ["later = time - now", "later = 0"]),
    broken("denies what fits exactly", ["if need <= 0 or (own", "if need < 0 or (own"]),
    broken("what is asked for again is denied when it is full", [
      "if need <= 0 or (own and delta <= cost) then",
      "if need <= 0 then",
    ]),
    broken("what is asked for again may grow past the limit", ["(own and delta <= cost)", "own"]),
    broken("what is asked for again counts twice", [
      "stop, record = own or #value + 1, ''",
      "stop, record = #value + 1, ''",
    ]),
    broken("a release gives nothing back", ["used = math.max(0, used - cost)", "used = used"]),
    broken("a release of what is not there is done", [
      "local reply = {done and 1 or 0, now}",
      "local reply = {(done or delta < 0) and 1 or 0, now}",
    ]),
    broken("an extension leaves the end as it is", [
      "bytes(math.max(now + later, last() - hold) + hold)",
      "bytes(math.max(now + later, last() - (args[2] + 0 == 0 and 0 or hold)) + (args[2] + 0 == 0 and 0 or hold))",
    ]),
    broken("a key outlives its holds", ["'PX', life)", "'PX', life * 2)"]),
    broken("a key goes before its holds", ["'PX', life)", "'PX', life / 2)"]),
    broken("an empty key stays", ["if value and #value == 2 then\n", "if false then\n"]),
    broken("a caller waits for its own hold", ["if p ~= but then", "if true then"]),
    broken("units above 255 are lost", ["pair(delta) .. id", "pair(delta % 256) .. id"]),
    broken("units in use above 255 are lost", [
      "pair(used) .. string.sub(value, 3, stop - 1)",
      "pair(used % 256) .. string.sub(value, 3, stop - 1)",
    ]),
    broken("what passed still counts", ["else used = used - two(p + 6) end", "end"]),
  ],
};

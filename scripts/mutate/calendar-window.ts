import { broken, GRACE, MODEL, type Mutations, VECTORS } from "./mutations.ts";

export const calendarWindowMutations: Mutations = {
  file: "calendar-window.lua",
  words: "calendar window",
  tests: [VECTORS, GRACE, MODEL],
  list: [
    broken("the clock may run backwards", ["if at > now then now = at end", ""]),
    broken("what a clock ahead took counts for ever", ["or call('PTTL', key) > GRACE", "or true"]),
    broken("what a clock ahead took does not count", ["or call('PTTL', key) > GRACE", ""]),
    broken("goes as soon as it is whole", ["ends - now + GRACE", "ends - now"]),
    broken("denies what fits exactly", ["if after > ceiling", "if after >= ceiling"]),
    broken("writes on denial", [
      "if after > ceiling then return",
      "if after > ceiling then call('SET', key, '', 'PX', 1000) return",
    ]),
    broken("rolls 1 ms late", ["ends <= now then", "ends < now then"]),
    broken("rolls by the caller's period", [
      "if count == 0 or ends <= now then",
      "if count == 0 or ends ~= finish then",
    ]),
    broken("gives back to another period", ["+ behind) ~= ends)", "+ behind) == 0)"]),
    broken("gives back to a state that is gone", ["since > now or (", "("]),
    broken("counts below nothing", ["math.max(0, count + delta)", "count + delta"]),
    broken("counts past 2^53", ["if after > 2^53 - 1 then after = 2^53 - 1 end", ""]),
  ],
};

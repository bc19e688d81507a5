import { broken, GRACE, type Mutations, VECTORS } from "./mutations.ts";

export const slidingLogMutations: Mutations = {
  file: "sliding-log.lua",
  words: "sliding log",
  tests: [VECTORS, GRACE, "test/algorithm/sliding-log-model.test.ts"],
  list: [
    broken("the clock may run backwards", ["  if newest > now then now = newest end\n", ""]),
    broken("denies what fits exactly", ["total - base + delta > ceiling", "total - base + delta >= ceiling"]),
    broken("counts an entry 1 ms too long", ["time <= now - window", "time < now - window"]),
    broken("forgets the newest 1 ms early", ["newest > now - window", "newest > now - window + 1"]),
    broken("writes on denial", [
      "  local need =",
      "  if valid and not only_looks then call('RPUSH', key, now, total + delta) end\n  local need =",
    ]),
    broken("a look takes", ["if only_looks or total", "if total"]),
    broken("never expires", [
      "  call('PEXPIRE', key, window + GRACE)\n  if oldest[#oldest - 1]",
      "  if oldest[#oldest - 1]",
    ]),
    broken("goes as soon as what was taken last has left", [
      "window + GRACE)\n  if oldest[#oldest - 1]",
      "window)\n  if oldest[#oldest - 1]",
    ]),
    broken("forgets to trim", ["  if gone > 1 then call('LTRIM', key, 2 * gone - 2, -1) end\n", ""]),
    broken("finds out of ten entries at most that they have left", [
      "if #oldest == 18 or #chunk < CHUNK then break end",
      "if true then break end",
    ]),
    broken("tells an entry too late of those in the reply", ["if oldest[i + 1] >= need", "if oldest[i + 1] > need"]),
    broken("tells an entry too late of those past the reply", [
      "(tonumber(chunk[i + 1]) or 0) >= need",
      "(tonumber(chunk[i + 1]) or 0) > need",
    ]),
    broken("gives back the oldest first", [
      "    -- The oldest pair that reaches what is left becomes the newest.\n",
      `    base = base - delta
    call('LSET', key, 2 * gone - 1, string.format('%.0f', base))
    if valid then return reply(1, 0, 0) end
`,
    ]),
    broken("gives back from the newest ten entries at most", [
      "until first == 0 or (tonumber(chunk[2]) or 0) < left",
      "until true",
    ]),
    broken("is as young as what was given back", [
      "last, newest = first + i - 1, tonumber(chunk[i]) or 0",
      "last = first + i - 1",
    ]),
    broken("a clock that runs ahead counts on through the grace", ["call('PTTL', key) > GRACE", "true"]),
    broken("runs out of totals", ["9007199254740991 and base > 0", "9007199254740991 and base < 0"]),
  ],
};

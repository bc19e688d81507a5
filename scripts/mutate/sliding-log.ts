import { broken, GRACE, type Mutations, VECTORS } from "./mutations.ts";

export const slidingLogMutations: Mutations = {
  file: "sliding-log.lua",
  words: "sliding log",
  tests: [VECTORS, "test/algorithm/sliding-log-foreign.test.ts", "test/algorithm/sliding-log-model.test.ts", GRACE],
  list: [
    broken("gives back what has left", ["since <= now - window or ", ""]),
    broken("gives back what leaves in this ms", ["since <= now - window or", "since < now - window or"]),
    broken("gives back what an earlier state took", [" or since > now)", ")"]),
    broken("the clock may run backwards", ["  if newest > now then now = newest end\n", ""]),
    broken("denies what fits exactly", ["total - base + delta > ceiling", "total - base + delta >= ceiling"]),
    broken("counts an entry 1 ms too long", [
      "if t > now - window and sum >= least then return",
      "if t >= now - window and sum >= least then return",
    ]),
    broken("counts an entry of a long list 1 ms too short", [
      "if t > now - window and sum >= least then\n",
      "if t > now - window + 1 and sum >= least then\n",
    ]),
    broken("forgets the newest 1 ms early", ["newest > now - window and (", "newest > now - window + 1 and ("]),
    broken("writes on denial", [
      "  local need =",
      "  if valid and not only_looks then call('RPUSH', key, now, total + delta) end\n  local need =",
    ]),
    broken("a look takes", ["if only_looks or total", "if total"]),
    broken("never expires", ["  call('PEXPIRE', key, window + GRACE)\n", ""]),
    broken("goes as soon as what was taken last has left", ["window + GRACE", "window"]),
    broken("forgets to trim", ["  if valid and head > 0 then call('LTRIM', key, 2 * head, -1) end\n", ""]),
    broken("takes twice in one ms as at two times", ["elseif newest == now then", "elseif false then"]),
    broken("finds out of ten entries at most that they have left", ["  until not valid\n", "  until true\n"]),
    broken("knows no way in a long list", ["if #list == 100 then", "if false then"]),
    broken("tells an entry too late", ["sum >= least then return", "sum > least then return"]),
    broken("tells an entry of a long list too late", ["sum >= least then\n", "sum > least then\n"]),
    broken("replies eight pairs", ["math.min(i + 16", "math.min(i + 14"]),
    broken("replies no pairs but those it has read", ["#chunk - i < 17 and", "false and"]),
    broken("replies the newest behind the ninth", ["elseif #oldest < 18 then", "else"]),
    broken("gives back the newest first", [
      "  base = math.min(base - delta, total)\n",
      `  total = total + delta
  call('LSET', key, -1, string.format('%.0f', total))
  if total > base then return reply(1, 0, 0) end
`,
    ]),
    broken("keeps an entry of which all was given back", ["first(math.min(base + 1, total),", "first(base,"]),
    broken("gives back more than counts", ["math.min(base - delta, total)", "base - delta"]),
    broken("gives back whole entries only", [
      "string.format('%.0f', base), string.format('%.0f', math.max",
      "string.format('%.0f', before), string.format('%.0f', math.max",
    ]),
    broken("keeps what was given back", ["call('LTRIM', key, 2 * head + 2, -1)", "call('LTRIM', key, 2, -1)"]),
    broken("forgets the time once all was given back", [
      "    call('LTRIM', key, 2 * head + 2, -1)\n",
      "    if base == total then call('DEL', key) return reply(1, 0, 0) end\n    call('LTRIM', key, 2 * head + 2, -1)\n",
    ]),
    broken("drops what a clock behind takes for its own", [
      "  if time > 0 and time + window > now then now = time + window end\n",
      "",
    ]),
    broken("what is given back brings a later time", ["math.max(now - window, 0)", "math.max(now - window + 1, 0)"]),
    broken("lives longer for what was given back", [
      "  if valid then\n    -- The newest stays",
      "  if valid then\n    call('PEXPIRE', key, window + GRACE)\n    -- The newest stays",
    ]),
    broken("a clock that runs ahead counts on through the grace", ["call('PTTL', key) > GRACE", "true"]),
    broken("a clock a day ahead counts for nothing", [
      "or call('PTTL', key)",
      "or newest <= now + 86400000 and call('PTTL', key)",
    ]),
    broken("runs out of totals", ["MOST and base > 0", "MOST and base < 0"]),
    broken("counts more than 2^53", ["  if sum > MOST then sum = MOST end\n", ""]),
    broken("writes a foreign list anew", [
      "t, sum = pair(counting, n, t, sum, newest, total)",
      "t, sum = tonumber(counting[n]) or 0, tonumber(counting[n + 1]) or 0",
    ]),
    broken("a foreign list may have half a pair", ["found > 2 and found % 2 == 0", "found > 2"]),
    broken("a foreign time may fall", [
      "valid and t >= from_time and t <= to_time",
      "valid and t >= 0 and t <= to_time",
    ]),
    broken("a foreign time may be past the newest", ["t >= from_time and t <= to_time", "t >= from_time"]),
    broken("a foreign total may fall", ["sum >= from_sum and sum <= to_sum", "sum >= 0 and sum <= to_sum"]),
    broken("a foreign total may be past the newest", ["sum >= from_sum and sum <= to_sum", "sum >= from_sum"]),
    broken("a foreign time may be a fraction", ["t % 1 == 0 and", ""]),
    broken("a foreign total may be a fraction", ["and sum % 1 == 0", ""]),
    broken("a foreign time may be any clock's", ["0, 0, LAST, MOST", "0, 0, MOST, MOST"]),
    broken("counts what is no log", ["if not valid then forget() end", ""]),
  ],
};

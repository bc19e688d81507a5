import { broken, KEY_SET, type Mutations } from "./mutations.ts";

/** What key-set.lua has besides, for windows in parts and of the calendar. */
export const keySetWindowsMutations: Mutations = {
  file: "key-set-windows.lua",
  words: "key set",
  tests: [KEY_SET],
  list: [
    broken("a single window in parts is read as if it were short", [
      "bytes_each = a > 127 and 12 or 8",
      "bytes_each = 8",
    ]),
    broken("parts are read beyond the most", ["rest <= bytes_each *", "rest <= 99 * bytes_each *"]),
    broken("the most parts are read from where a give-back has its window", [
      "args[args[n] == '@' and n + 7 or n + 5]",
      "args[n + 5]",
    ]),
    broken("bytes that are no whole part are a state", ["rest % bytes_each == 0 and ", ""]),
    broken("the last part is not read", ["bytes_each * m + 2 < #value", "bytes_each * (m + 1) + 2 < #value"]),
    broken("a part leaves 1 ms early", ["time > now - pace then", "time > now - pace + 1 then"]),
    broken("what has left still counts", ["used = used - units\n", "used = used\n"]),
    broken("parts deny what fits exactly", ["if used + delta > ceiling then", "if used + delta >= ceiling then"]),
    broken("the last window in parts alone decides", [
      "if used + delta > ceiling then allowed = false end",
      "allowed = used + delta <= ceiling",
    ]),
    broken("a part keeps the time of its first unit", [
      "list[to - 1], list[to] = now, list[to] + delta",
      "list[to] = list[to] + delta",
    ]),
    broken("the newest part is open for one unit too many", ["list[to] < size", "list[to] <= size"]),
    broken("a part too many", ["to - from >= 2 * parts", "to - from > 2 * parts"]),
    broken("parts live a window, whatever they hold", [
      "lives = used > 0 and list[to - 1] + pace - now or 0",
      "lives = pace",
    ]),
    broken("the short form takes a unit too many", ["local wide = used >= 2^24", "local wide = used > 2^24"]),
    broken("units are written without their high byte", [
      "char((n - low) / 2^48) .. bytes(low) or",
      "char(0) .. bytes(low) or",
    ]),
    broken("a single month is read by the time it was written", [
      "number(byte(value, 7, 12))",
      "number(byte(value, 1, 6))",
    ]),
    broken("a month denies what fits exactly", [
      "      if after > ceiling then allowed = false end\n      old[i], old[i + 1], new[i]",
      "      if after >= ceiling then allowed = false end\n      old[i], old[i + 1], new[i]",
    ]),
    broken("a month rolls 1 ms late", ["ends <= now then", "ends < now then"]),
    broken("a month goes as soon as it is whole", ["ends - now\n", "ends - now - 1000\n"]),
    broken("a single month is written with the time for its end", [
      "bytes(new[from]) .. bytes(new[from + 2])",
      "bytes(new[from]) .. bytes(new[from])",
    ]),
  ],
};

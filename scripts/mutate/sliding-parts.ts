import { broken, GRACE, MODEL, type Mutations, VECTORS } from "./mutations.ts";

export const slidingPartsMutations: Mutations = {
  file: "sliding-parts.lua",
  words: "window in parts",
  tests: [VECTORS, GRACE, MODEL],
  list: [
    broken("the clock may run backwards", ["if at > now then now = at end", ""]),
    broken("what a clock ahead took counts for ever", ["or call('PTTL', key) > GRACE", "or true"]),
    broken("what a clock ahead took does not count", ["or call('PTTL', key) > GRACE", ""]),
    broken("goes as soon as what it holds is whole", [" or 0) + GRACE)", " or 0))"]),
    broken("denies what fits exactly", ["if after > ceiling then", "if after >= ceiling then"]),
    broken("a part leaves 1 ms early", [
      "if time > now - window then break end",
      "if time > now - window + 1 then break end",
    ]),
    broken("a part leaves 1 ms late", [
      "if time > now - window then break end",
      "if time >= now - window then break end",
    ]),
    broken("what has left still counts", ["used, n = used - units, n + width", "n = n + width"]),
    broken("writes on denial", ["  allowed = 0\n", "  allowed = 0 call('SET', key, '', 'PX', 1000)\n"]),
    broken("the newest part is open for one unit too many", ["units >= size and last <", "units > size and last <"]),
    broken("a part too many", ["width * (parts - 1) then", "width * parts then"]),
    broken("a part too few", ["width * (parts - 1) then", "width * (parts - 2) then"]),
    broken(
      "a part keeps the time of its first unit",
      ["newest, units = now, units + delta", "newest, units = kept < #value and newest or now, units + delta"],
      [
        ".. char(b, c, d, e, f, (rest - k) / 256, k, l)",
        ".. (kept < #value and string.sub(value, last, last + 4) or char(b, c, d, e, f)) .. char((rest - k) / 256, k, l)",
      ],
    ),
    broken("the newest comes back first", ["math.min(units, back)", "n < to - 1 and 0 or math.min(units, back)"]),
    broken("gives back of parts that were closed before", ["since and list[n] < since and 0 or", ""]),
    broken("gives back nothing of what was taken last in a part", ["list[n] < since", "list[n] <= since"]),
    broken("gives back what has left, too", ["if since and since <= now - window then", "if false then"]),
    broken("lives a window, whatever it holds", ["(after > 0 and newest + window - now or 0)", "window"]),
    broken("the short form takes a unit too many", ["after < 2^24 and width", "after <= 2^24 and width"]),
    broken("tells too few parts", ["while need > 0 and n < #value do", "while need > 1 and n < #value do"]),
    broken("tells the first part alone", ["if need <= used then", "if false then"]),
    broken("units beyond 2^53 count", ["delta = math.min(delta, 2^53 - 1 - used)", ""]),
  ],
};

import { broken, GRACE, MODEL, type Mutations, VECTORS, windowBrokenSince } from "./mutations.ts";

export const slidingWindowMutations: Mutations = {
  file: "sliding-window.lua",
  words: "sliding window",
  tests: [VECTORS, GRACE, MODEL],
  list: [
    ...windowBrokenSince("window", "after"),
    broken("the clock may run backwards", [
      "now, elapsed, ahead = at, at % window, at >= now + window",
      "ahead = at >= now + window",
    ]),
    broken("denies what fits exactly", ["(window - elapsed) > ceiling", "(window - elapsed) >= ceiling"]),
    broken(
      "writes on denial",
      [
        "> ceiling then return {0, now, current, previous} end",
        "> ceiling then yes, after, before = 0, current, previous end",
      ],
      ["local after, before = current + delta, previous", "local yes, after, before = 1, current + delta, previous"],
      ["return {1, now, after, before}", "return {yes, now, after, before}"],
    ),
    broken("rolls 1 ms late", ["elseif at < now - elapsed then", "elseif at < now - elapsed - 1 then"]),
    broken("forgets the window before 1 ms early", ["at >= now - elapsed - window", "at > now - elapsed - window"]),
    broken("lives on for a writer that runs behind", ["ahead and window or ttl + window", "ttl + window"]),
    broken("a clock that runs ahead counts on through the grace", ["call('PTTL', key) > GRACE", "true"]),
    broken("goes as soon as what it holds is whole", ["ttl + GRACE", "ttl"]),
    broken("expires early after a call that was overtaken", ["at >= now + window", "true"]),
    broken("the short form takes a count too many", ["if after < 16777216", "if after <= 16777216"]),
  ],
};

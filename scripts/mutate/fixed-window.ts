import { broken, MODEL, type Mutations, VECTORS } from "./mutations.ts";

export const fixedWindowMutations: Mutations = {
  file: "fixed-window.lua",
  words: "fixed window",
  tests: [VECTORS, MODEL],
  list: [
    broken("the clock may run backwards", ["if at and at > now then now = at end\n", ""]),
    broken("denies what fits exactly", ["after > ceiling", "after >= ceiling"]),
    broken(
      "writes on denial",
      [
        "if after > ceiling then return {0, now, count} end",
        "local yes = 1\nif after > ceiling then yes, after = 0, count end",
      ],
      ["return {1, now, after}", "return {yes, now, after}"],
    ),
    broken("forgets what was taken at the window's first ms", ["at < now - now % window", "at <= now - now % window"]),
    broken("expires 1 ms late", ["ttl = window - now % window", "ttl = window - now % window + 1"]),
  ],
};

import { broken, brokenAtTheCeiling, MODEL, type Mutations, VECTORS } from "./mutations.ts";

export const fixedWindowMutations: Mutations = {
  file: "fixed-window.lua",
  words: "fixed window",
  tests: [VECTORS, MODEL],
  list: [
    broken("the clock may run backwards", ["if at and at > now then now = at end\n", ""]),
    ...brokenAtTheCeiling("count"),
    broken("forgets what was taken at the window's first ms", ["at < now - now % window", "at <= now - now % window"]),
    broken("expires 1 ms late", ["ttl = window - now % window", "ttl = window - now % window + 1"]),
  ],
};

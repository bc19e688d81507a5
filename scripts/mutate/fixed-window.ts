import { broken, brokenWithOneCount, GRACE, MODEL, type Mutations, VECTORS } from "./mutations.ts";

export const fixedWindowMutations: Mutations = {
  file: "fixed-window.lua",
  words: "fixed window",
  tests: [VECTORS, GRACE, MODEL],
  list: [
    ...brokenWithOneCount("count"),
    broken("gives back to whichever window runs", ["since < now - now % window or ", ""]),
    broken("gives nothing back of a window's first ms", [
      "since < now - now % window or",
      "since <= now - now % window or",
    ]),
    broken("gives back what an earlier state took", [" or since > now", ""]),
    broken("forgets what was taken at the window's first ms", [
      "seen < now - now % window",
      "seen <= now - now % window",
    ]),
    broken("expires 1 ms late", ["window - now % window\ncount = after", "window - now % window + 1\ncount = after"]),
  ],
};

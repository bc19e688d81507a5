import { broken, brokenAtTheCeiling, MODEL, type Mutations, VECTORS } from "./mutations.ts";

export const tokenBucketMutations: Mutations = {
  file: "token-bucket.lua",
  words: "token bucket",
  tests: [VECTORS, MODEL],
  list: [
    broken("the clock may run backwards", ["now, used = at, count", "used = count"]),
    ...brokenAtTheCeiling("used"),
    broken("refills past full", ["  if used < 0 then used = 0 end\n", ""]),
    broken("expires 1 ms early", ["math.ceil(after / pace)", "math.floor(after / pace)"]),
  ],
};

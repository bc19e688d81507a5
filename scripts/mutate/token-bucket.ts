import { broken, MODEL, type Mutations, VECTORS } from "./mutations.ts";

export const tokenBucketMutations: Mutations = {
  file: "token-bucket.lua",
  words: "token bucket",
  tests: [VECTORS, MODEL],
  list: [
    broken("the clock may run backwards", ["now, used = at, count", "used = count"]),
    broken("denies what fits exactly", ["after > ceiling", "after >= ceiling"]),
    broken(
      "writes on denial",
      [
        "if after > ceiling then return {0, now, used} end",
        "local yes = 1\nif after > ceiling then yes, after = 0, used end",
      ],
      ["return {1, now, after}", "return {yes, now, after}"],
    ),
    broken("refills past full", ["  if used < 0 then used = 0 end\n", ""]),
    broken("expires 1 ms early", ["math.ceil(after / pace)", "math.floor(after / pace)"]),
  ],
};

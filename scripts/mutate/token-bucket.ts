import { broken, brokenWithOneCount, bucketBrokenSince, GRACE, MODEL, type Mutations, VECTORS } from "./mutations.ts";

export const tokenBucketMutations: Mutations = {
  file: "token-bucket.lua",
  words: "token bucket",
  tests: [VECTORS, GRACE, MODEL],
  list: [
    ...brokenWithOneCount("used"),
    ...bucketBrokenSince,
    broken("refills past full", ["if used < 0 then used = 0 end\n", ""]),
    broken("a limit that shrinks keeps all that was used", ["count < full and count or full", "count"]),
    broken("a limit that shrinks forgets what was used", [
      "count < full and count or full",
      "(count > full and 0 or count)",
    ]),
    broken("a debt is forgotten", ["count < 0 and full - count", "count < 0 and full"]),
    broken("a debt is told as use", ["debt > 0 and -count or count", "after"]),
    broken(
      "lives no longer than its own pace takes",
      ["(after > full and after or full) / pace", "after / pace"],
      ["if life < window then life = window end", ""],
    ),
    broken("a debt lives no longer than a full bucket", ["(after > full and after or full)", "full"]),
    broken("a small burst lives no longer than it takes to fill", ["if life < window then life = window end", ""]),
  ],
};

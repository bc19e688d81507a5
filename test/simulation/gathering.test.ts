import { expect, test } from "vitest";
import { type Crowd, measureGathering } from "./gathering/measure.ts";
import type { Kind } from "./world/history.ts";

const LIMIT = 300;

/** What is asked for as a multiple of the limit, over how many regions, at a cost of how many shares, in windows of how many seconds; which are drawn. */
const CROWDS: readonly (readonly [
  kind: Kind,
  load: number,
  regions: number,
  shares: number,
  seconds: number,
  seeds: readonly number[],
])[] = [
  ["bucket", 1, 3, 1.5, 5, [1]],
  ["bucket", 4, 3, 1.5, 5, [1]],
  ["bucket", 40, 3, 1.5, 5, [1]],
  ["bucket", 4, 10, 2, 5, [1]],
  ["bucket", 40, 10, 2, 5, [1]],
  ["fixed", 40, 10, 2, 5, [1]],
  ["bucket", 4, 10, 2, 1, [1, 2, 3]],
  ["fixed", 4, 10, 2, 1, [1, 2, 3]],
  ["sliding", 4, 10, 2, 1, [1, 2, 3]],
];

test.each(CROWDS)(
  "%s: at %s times the limit, on %s regions, at %s shares a call and in %s s, 0.99 of what is due is admitted",
  {
    timeout: 120_000,
  },
  async (kind, load, regions, shares, seconds, seeds) => {
    const windowMs = seconds * 1000;
    const policy = { kind, name: "p", limit: LIMIT, windowMs, burst: LIMIT };
    const cost = (LIMIT / regions) * shares;
    const crowd: Crowd = { policy, regions, cost, load, isolates: 20, durationMs: (200 / regions) * 1000 };
    let [admitted, due] = [0, 0];
    for (const seed of seeds) {
      const own = await measureGathering(crowd, seed);
      admitted += own.admitted;
      due += own.due;
    }
    expect(due).toBeGreaterThan(16);
    expect(admitted / due).toBeGreaterThanOrEqual(0.99);
  },
);

import { expect, test } from "vitest";
import { type Crowd, measureGathering } from "./gathering/measure.ts";
import type { Kind } from "./world/history.ts";

const LIMIT = 300;
const WINDOW_MS = 5000;

/** What is asked for as a multiple of the limit, over how many regions, at a cost of how many shares. */
const CROWDS: readonly (readonly [kind: Kind, load: number, regions: number, shares: number])[] = [
  ["bucket", 1, 3, 1.5],
  ["bucket", 4, 3, 1.5],
  ["bucket", 40, 3, 1.5],
  ["bucket", 4, 10, 2],
  ["bucket", 40, 10, 2],
  ["fixed", 40, 10, 2],
];

test.each(CROWDS)(
  "%s: at %s times the limit, on %s regions and at %s shares a call, 0.99 of what is due is admitted",
  {
    timeout: 120_000,
  },
  async (kind, load, regions, shares) => {
    const policy = { kind, name: "p", limit: LIMIT, windowMs: WINDOW_MS, burst: LIMIT };
    const cost = (LIMIT / regions) * shares;
    const crowd: Crowd = { policy, regions, cost, load, isolates: 20, durationMs: (40 / regions) * WINDOW_MS };
    const { admitted, due } = await measureGathering(crowd);
    expect(due).toBeGreaterThan(16);
    expect(admitted / due).toBeGreaterThanOrEqual(0.99);
  },
);

import { describe, expect, test } from "vitest";
import { fixedWindow, tokenBucket } from "../../../src/algorithm/policy.ts";
import { partsOf, splitPolicies } from "../../../src/limiter/regions/shares.ts";
import { randomFrom } from "../../support/random.ts";

const sumOf = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

describe("parts of a number", () => {
  test.each([
    [10, [1, 1, 1], [4, 3, 3]],
    [2, [1, 1, 1], [1, 1, 0]],
    [100, [9, 1], [90, 10]],
    [7, [9, 1], [7, 0]],
    [100, [1, 0, 1], [50, 0, 50]],
    [1, [1, 5], [0, 1]],
    [0, [1, 1], [0, 0]],
  ])("%d by %j is %j", (units, weights, parts) => {
    expect(partsOf(units, weights)).toEqual(parts);
  });

  test("add up to exactly the whole, are within one of their proportion or above it, and grow with the whole", () => {
    const { next: random } = randomFrom(7);
    for (let round = 0; round < 3000; round += 1) {
      const weights = Array.from({ length: 1 + Math.floor(random() * 10) }, () => Math.floor(random() * 20));
      if (sumOf(weights) === 0) continue;
      const units = Math.floor(random() * 10 ** (1 + Math.floor(random() * 6)));
      const parts = partsOf(units, weights);
      const more = partsOf(units + 1, weights);
      expect(sumOf(parts), `${units} by ${weights}`).toBe(units);
      parts.forEach((part, i) => {
        expect(part).toBeGreaterThanOrEqual(Math.floor((units * (weights[i] as number)) / sumOf(weights)));
        expect(more[i]).toBeGreaterThanOrEqual(part);
        if (weights[i] === 0) expect(part).toBe(0);
      });
    }
  });

  test("add up to exactly the whole with the greatest numbers", () => {
    const units = 2 ** 53 - 1;
    for (const weights of [
      [1, 1, 1],
      [1_000_000, 999_999, 1],
      [7, 11, 13, 17],
    ]) {
      expect(partsOf(units, weights).reduce((sum, part) => sum + BigInt(part), 0n)).toBe(BigInt(units));
    }
  });
});

describe("policies of a region", () => {
  test("limits and bursts add up to exactly the whole, and nobody has a part of one alone", () => {
    const { next: random } = randomFrom(8);
    for (let round = 0; round < 2000; round += 1) {
      const weights = Array.from({ length: 1 + Math.floor(random() * 6) }, () => Math.floor(random() * 5));
      if (sumOf(weights) === 0) continue;
      const number = () => 1 + Math.floor(random() * 30);
      const policies = [
        tokenBucket({ name: "bucket", limit: number(), burst: number(), window: "1 m" }),
        fixedWindow({ name: "window", limit: number(), window: "1 h" }),
      ];
      const split = splitPolicies(policies, weights);
      policies.forEach((policy, i) => {
        const own = split.flatMap((region) => region?.[i] ?? []);
        expect(sumOf(own.map(({ limit }) => limit))).toBe(policy.limit);
        expect(sumOf(own.map(({ burst }) => burst))).toBe(policy.burst);
        for (const { limit, burst } of own) expect(Math.min(limit, burst)).toBeGreaterThanOrEqual(1);
      });
    }
  });

  // Its share refills, or ends, in such a call, too; and the others are where they are for every other call.
  test.each([0, Infinity])("what a call does not count is split as for others: %d", (uncounted) => {
    const free = { ...fixedWindow({ name: "free", limit: 9, window: "1 m" }), uncounted };
    const counted = fixedWindow({ name: "counted", limit: 9, window: "1 m" });
    for (const policies of [[free, counted], [free]]) {
      for (const region of splitPolicies(policies, [1, 1, 1])) {
        expect(region).toEqual(policies.map((policy) => ({ ...policy, limit: 3, burst: 3 })));
      }
    }
  });
});

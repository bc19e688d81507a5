import { afterEach, beforeEach, describe, expect, vi } from "vitest";
import { both, differ, type Given } from "./packages.ts";

/** Ten minutes into an hour, and a whole number of every window here; far enough ahead that no key ends. */
const NOON = Date.UTC(2040, 0, 2, 12);

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: NOON }));
afterEach(() => void vi.useRealTimers());

const algorithms = [
  ["fixedWindow", ({ Ratelimit }: Given) => Ratelimit.fixedWindow(10, "10 m")],
  ["slidingWindow", ({ Ratelimit }: Given) => Ratelimit.slidingWindow(10, "10 m")],
  ["tokenBucket", ({ Ratelimit }: Given) => Ratelimit.tokenBucket(10, "10 m", 10)],
  ["cachedFixedWindow", ({ Ratelimit }: Given) => Ratelimit.cachedFixedWindow(10, "10 m")],
] as const;

describe.each(algorithms)("%s", (name, algorithm) => {
  both("lets ten of fifteen pass, and says what is left", async (given) => {
    const ratelimit = given.make(algorithm(given));
    const told: unknown[] = [];
    for (let i = 0; i < 15; i += 1) {
      const { success, remaining, limit, pending } = await ratelimit.limit("alice");
      await pending;
      told.push([success, Math.max(0, remaining), limit]);
    }
    expect(told.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_each, i) => [true, 9 - i, 10]));
    expect(told.slice(10)).toEqual(Array.from({ length: 5 }, () => [false, 0, 10]));
  });
  void name;
});
void differ;

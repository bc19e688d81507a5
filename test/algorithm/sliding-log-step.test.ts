import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { slidingLogStep } from "../../src/algorithm/sliding-log-step.ts";
import { MIDNIGHT } from "../support/clock.ts";
import { listOf } from "../support/sliding-log.ts";

const WINDOW_MS = 1000;
const LIMIT = 40;

const demand = (delta: number, ceiling = LIMIT) => ({ delta, pace: WINDOW_MS, ceiling });

describe("the sliding log in memory", () => {
  test("a denied step changes nothing of what is kept, and no step a state that was handed out", () => {
    const turn = fc.record({
      moveMs: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -5, max: 40 }) }, fc.constant(WINDOW_MS / 2)),
      asked: fc.oneof(
        fc.record({ delta: fc.integer({ min: 0, max: 9 }), ceiling: fc.constantFrom(LIMIT, LIMIT, 10, -1 - LIMIT) }),
        fc.record({ delta: fc.integer({ min: -9, max: -1 }), ceiling: fc.constant(1e300) }),
      ),
    });
    let denials = 0;
    const property = fc.property(fc.array(turn, { minLength: 50, maxLength: 200, size: "max" }), (turns) => {
      const states: { readonly state: readonly number[]; readonly copy: readonly number[] }[] = [];
      let now = MIDNIGHT;
      let kept: unknown;
      for (const { moveMs, asked } of turns) {
        now += moveMs;
        const before = structuredClone(kept);
        const step = slidingLogStep(kept, now, { ...asked, pace: WINDOW_MS });
        states.push({ state: step.state, copy: [...step.state] });
        if (step.allowed) kept = step.kept;
        else {
          denials += 1;
          expect(step.kept).toBe(kept);
          expect(kept).toEqual(before);
        }
      }
      for (const { state, copy } of states) expect(state).toEqual(copy);
    });
    fc.assert(property, { numRuns: 100 });
    expect(denials).toBeGreaterThan(1000);
  });

  test("what counts is moved at most once in its time, and what has left is freed", () => {
    let kept: { pairs: number[]; first: number } | undefined;
    let moved = 0;
    const calls = 20_000;
    for (let i = 0; i < calls; i += 1) {
      const pairs = kept?.pairs;
      kept = slidingLogStep(kept, MIDNIGHT + i, demand(1, WINDOW_MS)).kept as typeof kept;
      const now = kept?.pairs ?? [];
      if (now !== pairs) moved += now.length / 2;
      // One pair for each ms of the window, and the one that has left.
      expect(listOf(kept).length / 2).toBe(Math.min(i + 1, WINDOW_MS) + 1);
      expect(now.length / 2).toBeLessThanOrEqual(2 * WINDOW_MS + 2);
    }
    expect(moved).toBeLessThanOrEqual(calls + WINDOW_MS);
  });

  test("what was given back is freed, too", () => {
    let kept: unknown;
    for (let i = 0; i < WINDOW_MS; i += 1) kept = slidingLogStep(kept, MIDNIGHT + i, demand(1, WINDOW_MS)).kept;
    const { pairs } = kept as { pairs: number[] };
    expect(pairs.length).toBe(2 * WINDOW_MS + 2);
    kept = slidingLogStep(kept, MIDNIGHT + WINDOW_MS - 1, demand(-WINDOW_MS + 3, 1e300)).kept;
    expect(listOf(kept).length).toBe(8);
    expect((kept as { pairs: number[] }).pairs.length).toBeLessThanOrEqual(16);
  });

  test("a state from a clock however far ahead counts: the store knows when its life is over", () => {
    const { kept } = slidingLogStep(undefined, MIDNIGHT + 400 * 86_400_000, demand(LIMIT));
    expect(slidingLogStep(kept, MIDNIGHT, demand(1)).allowed).toBe(false);
  });
});

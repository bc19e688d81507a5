import fc from "fast-check";
import { afterAll, describe, expect, inject, test } from "vitest";
import { type Demand, NO_CEILING, onlyLook } from "../../../src/algorithm/algorithm.ts";
import { inFlightAlgorithm } from "../../../src/algorithm/in-flight/algorithm.ts";
import { type InFlight, inFlightStep } from "../../../src/algorithm/in-flight/step.ts";
import { MIDNIGHT } from "../../support/clock.ts";
import { heldIn } from "../../support/held.ts";
import { timeKeys, withPassedTime } from "../../support/passed-time.ts";
import { connect, uniqueName } from "../../support/redis.ts";

const HOLD_MS = 1_000_000;
const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());
const script = withPassedTime(inFlightAlgorithm.script.text);

const turn = fc.record({
  operation: fc.oneof(
    { weight: 8, arbitrary: fc.constant("take" as const) },
    { weight: 5, arbitrary: fc.constantFrom("look" as const, "release" as const, "extend" as const) },
  ),
  units: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 4 }) }, fc.constantFrom(300, 1000)),
  id: fc.integer({ min: 0, max: 11 }).map((n) => `hold-${String(n).padStart(7, "-")}`),
  limit: fc.constantFrom(10, 10, 10, 3, 600),
  // Redis's clock, and how far the caller's is ahead of it.
  moveMs: fc.oneof(
    { weight: 10, arbitrary: fc.integer({ min: 0, max: 200_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(HOLD_MS - 1, HOLD_MS, HOLD_MS + 1, 3 * HOLD_MS) },
  ),
  aheadMs: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(0, 0, 0, 1, -1, 999, 1000, 1001, -1000) },
    { weight: 2, arbitrary: fc.integer({ min: -2 * HOLD_MS, max: 2 * HOLD_MS }) },
  ),
});

function demandOf({
  operation,
  units,
  id,
  limit,
}: {
  operation: string;
  units: number;
  id: string;
  limit: number;
}): Demand {
  if (operation === "take") return { delta: units, pace: HOLD_MS, ceiling: limit, id };
  if (operation === "look") return { delta: units, pace: HOLD_MS, ceiling: onlyLook(limit) };
  return { delta: operation === "release" ? -units : 0, pace: HOLD_MS, ceiling: NO_CEILING, id };
}

describe("in flight", () => {
  test("twin and script agree after every step, on the whole value and its life", async () => {
    const sha1 = (await redis.script("LOAD", script)) as string;
    let steps = 0;
    let ended = 0;
    let movedBack = 0;
    const turns = fc.array(turn, { minLength: 100, maxLength: 300, size: "max" });
    const property = fc.asyncProperty(turns, async (sequence) => {
      const key = uniqueName();
      const pipeline = redis.pipeline();
      let time = MIDNIGHT;
      let kept: InFlight | undefined;
      const expected = sequence.map((one) => {
        time += one.moveMs;
        const now = time + one.aheadMs;
        const demand = demandOf(one);
        const before = kept;
        const twin = inFlightStep(before, now, demand, time);
        if (demand.ceiling >= 0) kept = twin.kept as InFlight;
        const was = new Map(before?.holds.map((hold) => [hold.id, hold.endsAt]));
        ended += Number(twin.allowed && demand.delta > 0 && (before?.holds.length ?? 0) > (kept?.holds.length ?? 0));
        movedBack += Number(kept?.holds.some(({ id, endsAt }) => endsAt < (was.get(id) ?? 0)) ?? false);
        const { delta, pace, ceiling, id } = demand;
        const args = [now, delta, pace, ceiling, ...(id === undefined ? [] : [id])];
        pipeline.evalsha(sha1, 3, key, ...timeKeys(time), ...args);
        pipeline.getBuffer(key).pttl(key).pexpire(key, 1e9);
        const used = kept?.used ?? 0;
        return {
          reply: [twin.allowed ? 1 : 0, ...twin.state],
          value: { used, holds: kept?.holds ?? [] },
          wrote: kept !== before,
        };
      });
      const replies = ((await pipeline.exec()) ?? []).map(([error, value]) => error ?? value);
      await redis.del(key);
      expected.forEach(({ reply, value, wrote }, i) => {
        const step = `step ${i}: ${JSON.stringify(sequence[i])}`;
        const [replied, stored, life] = replies.slice(4 * i);
        expect(replied, step).toEqual(reply);
        expect(heldIn(stored as Buffer | null), step).toEqual(value);
        if (value.holds.length === 0) expect(life, step).toBe(-2);
        else if (wrote) expect(life, step).toBeLessThanOrEqual(HOLD_MS);
        if (wrote && value.holds.length > 0) expect(life, step).toBeGreaterThan(HOLD_MS - 60_000);
      });
      steps += sequence.length;
    });
    await fc.assert(property, { numRuns: 80, endOnFailure: true });
    expect(steps).toBeGreaterThanOrEqual(10_000);
    expect(ended).toBeGreaterThan(100);
    expect(movedBack).toBeGreaterThan(100);
  });
});

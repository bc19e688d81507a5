import fc from "fast-check";
import { slidingLog } from "sluice";
import { afterAll, describe, expect, inject, test } from "vitest";
import { programFor } from "../../src/algorithm/program.ts";
import { demandsOf, type Task } from "../../src/limiter/call.ts";
import { MIDNIGHT } from "../support/clock.ts";
import { GRACE_MS } from "../support/grace.ts";
import { connect, FAR_FUTURE, msOf, uniqueName } from "../support/redis.ts";

const WINDOW_MS = 1_000_000;
const redis = connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const turn = fc.record({
  operation: fc.oneof(
    { weight: 7, arbitrary: fc.constant<Task>("consume") },
    { weight: 3, arbitrary: fc.constantFrom<Task[]>("peek", "refund", "charge") },
  ),
  cost: fc.oneof(
    { weight: 40, arbitrary: fc.integer({ min: 0, max: 3 }) },
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 70 }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 20) },
  ),
  limit: fc.constantFrom(30, 30, 10, 60, 60),
  // Mostly within one window, so that logs grow past the pairs that a reply tells and past a chunk.
  moveMs: fc.oneof(
    { weight: 12, arbitrary: fc.constant(0) },
    { weight: 24, arbitrary: fc.integer({ min: 1, max: 40_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(WINDOW_MS - 1, WINDOW_MS, WINDOW_MS + 1, -50_000, 2 * WINDOW_MS) },
  ),
});

describe("sliding log", () => {
  test("twin and script agree after every step, the whole list and its life compared", async () => {
    const program = programFor([slidingLog({ limit: 30, window: WINDOW_MS, name: "log" })]);
    await redis.script("LOAD", program.script.text);
    let steps = 0;
    let longest = 0;
    const turns = fc.array(turn, { minLength: 100, maxLength: 300, size: "max" });
    const property = fc.asyncProperty(turns, async (sequence) => {
      const key = uniqueName();
      const pipeline = redis.pipeline();
      let now = MIDNIGHT;
      let kept: unknown;
      const expected = sequence.map(({ operation, cost, limit, moveMs }) => {
        now += moveMs;
        const policies = [slidingLog({ limit, window: WINDOW_MS, name: "log" })];
        const call = { policies, costs: [cost], maxDelayMs: 0 };
        const demands = demandsOf(program, call, operation);
        const twin = program.step(kept, now, demands);
        const written = twin.allowed && twin.kept !== kept;
        if (twin.allowed) kept = twin.kept;
        pipeline
          .time()
          .evalsha(program.script.sha1, 1, key, ...program.args(now, demands))
          .time();
        pipeline.lrange(key, 0, -1).pexpiretime(key).pexpireat(key, FAR_FUTURE);
        // A log that holds nothing is no list in Redis.
        const list = ((kept ?? []) as number[]).length > 2 ? (kept as number[]) : [];
        return { reply: [twin.allowed ? 1 : 0, ...twin.state], list, written };
      });
      const replies = ((await pipeline.exec()) ?? []).map(([error, value]) => error ?? value);
      await redis.del(key);
      expected.forEach(({ reply, list, written }, i) => {
        const step = `step ${i}: ${JSON.stringify(sequence[i])}`;
        const [from, replied, to, stored, expiresAt] = replies.slice(6 * i);
        expect(replied, step).toEqual(reply);
        expect((stored as string[]).map(Number), step).toEqual(list);
        if (list.length === 0 || !written) {
          // -2: no key. What is not written keeps its life.
          expect(expiresAt, step).toBe(list.length === 0 ? -2 : FAR_FUTURE);
          return;
        }
        const writtenAt = (expiresAt as number) - WINDOW_MS - GRACE_MS;
        expect(writtenAt, step).toBeGreaterThanOrEqual(msOf(from));
        expect(writtenAt, step).toBeLessThanOrEqual(msOf(to));
      });
      steps += sequence.length;
      longest = Math.max(longest, ...expected.map(({ list }) => list.length / 2));
    });
    await fc.assert(property, { numRuns: 110, endOnFailure: true });
    expect(steps).toBeGreaterThanOrEqual(10_000);
    expect(longest).toBeGreaterThan(15);
  });

  test("no window of any position ever holds more than the limit, told by a plain list of what was admitted", async () => {
    const program = programFor([slidingLog({ limit: 30, window: WINDOW_MS })]);
    const moves = fc.array(fc.tuple(fc.integer({ min: 0, max: 90_000 }), fc.integer({ min: 1, max: 5 })), {
      minLength: 200,
      maxLength: 300,
      size: "max",
    });
    await fc.assert(
      fc.asyncProperty(moves, async (sequence) => {
        const admitted: [at: number, cost: number][] = [];
        let now = MIDNIGHT;
        let kept: unknown;
        let denials = 0;
        for (const [moveMs, cost] of sequence) {
          now += moveMs;
          const inWindow = admitted.filter(([at]) => at > now - WINDOW_MS).reduce((sum, [, taken]) => sum + taken, 0);
          const twin = program.step(kept, now, [{ delta: cost, pace: WINDOW_MS, ceiling: 30 }]);
          expect(twin.allowed).toBe(inWindow + cost <= 30);
          if (twin.allowed) {
            kept = twin.kept;
            admitted.push([now, cost]);
          } else denials += 1;
        }
        expect(denials).toBeGreaterThan(0);
      }),
      { numRuns: 50 },
    );
  });

  test("10 000 entries take at most 24 bytes each", async () => {
    const program = programFor([slidingLog({ limit: 20_000, window: WINDOW_MS })]);
    const key = uniqueName();
    await redis.script("LOAD", program.script.text);
    const pipeline = redis.pipeline();
    for (let i = 0; i < 10_000; i += 1) {
      const demands = [{ delta: 1, pace: WINDOW_MS, ceiling: 20_000 }];
      pipeline.evalsha(program.script.sha1, 1, key, ...program.args(MIDNIGHT + i, demands));
    }
    await pipeline.exec();
    expect(await redis.llen(key)).toBe(20_002);
    expect(Number(await redis.memory("USAGE", key, "SAMPLES", 0)) / 10_000).toBeLessThanOrEqual(24);
    await redis.del(key);
  });
});

import fc from "fast-check";
import { slidingLog } from "sluice";
import { afterAll, describe, expect, inject, test } from "vitest";
import type { Demand } from "../../src/algorithm/algorithm.ts";
import { programFor } from "../../src/algorithm/program.ts";
import { demandsOf, type Task } from "../../src/limiter/call.ts";
import { MIDNIGHT } from "../support/clock.ts";
import { GRACE_MS } from "../support/grace.ts";
import { connect, FAR_FUTURE, msOf, uniqueName } from "../support/redis.ts";
import { listOf } from "../support/sliding-log.ts";

const WINDOW_MS = 1_000_000;
const MONTH_MS = 30 * 86_400_000;
const redis = await connect(inject("redisUrl"));
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
  limit: fc.constantFrom(30, 30, 10, 60, 60, 100, 100),
  agoMs: fc.option(fc.constantFrom(-1, 0, 1000, 20_000, WINDOW_MS - 1, WINDOW_MS), { nil: undefined }),
  // Mostly within one window, so that logs grow past the pairs that a reply tells and past a chunk.
  moveMs: fc.oneof(
    { weight: 12, arbitrary: fc.constant(0) },
    { weight: 48, arbitrary: fc.integer({ min: 1, max: 2000 }) },
    { weight: 12, arbitrary: fc.integer({ min: 1, max: 40_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(WINDOW_MS - 1, WINDOW_MS, WINDOW_MS + 1, -50_000, 2 * WINDOW_MS) },
    { weight: 1, arbitrary: fc.constantFrom(WINDOW_MS / 2, MONTH_MS, -MONTH_MS) },
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
      const expected = sequence.map(({ operation, cost, limit, moveMs, agoMs }) => {
        now += moveMs;
        const policies = [slidingLog({ limit, window: WINDOW_MS, name: "log" })];
        const call = { policies, costs: [cost], maxDelayMs: 0, takenAt: agoMs === undefined ? undefined : now - agoMs };
        const demands = demandsOf(program, call, operation);
        const twin = program.step(kept, now, demands);
        const renewed = twin.allowed && operation !== "refund" && cost > 0;
        if (twin.allowed) kept = twin.kept;
        pipeline
          .time()
          .evalsha(program.script.sha1, 1, key, ...program.args(now, demands))
          .time();
        pipeline.lrange(key, 0, -1).pexpiretime(key).pexpireat(key, FAR_FUTURE);
        return { reply: [twin.allowed ? 1 : 0, ...twin.state], list: listOf(kept), renewed };
      });
      const replies = ((await pipeline.exec()) ?? []).map(([error, value]) => error ?? value);
      await redis.del(key);
      expected.forEach(({ reply, list, renewed }, i) => {
        const step = `step ${i}: ${JSON.stringify(sequence[i])}`;
        const [from, replied, to, stored, expiresAt] = replies.slice(6 * i);
        expect(replied, step).toEqual(reply);
        expect((stored as string[]).map(Number), step).toEqual(list);
        if (list.length === 0 || !renewed) {
          // -2: no key. Where nothing is taken a key keeps its life.
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
    expect(longest).toBeGreaterThan(20);
  });

  test("twin and script agree on one call to a list of any length, however much of it has left", async () => {
    const { script, args, step } = programFor([slidingLog({ limit: 30, window: WINDOW_MS })]);
    await redis.script("LOAD", script.text);
    const call = fc.record({
      pairs: fc.oneof(
        fc.integer({ min: 1, max: 25 }),
        fc.integer({ min: 1, max: 250 }),
        fc.integer({ min: 1, max: 3000 }),
      ),
      mostMs: fc.constantFrom(1, 2, 300),
      mostUnits: fc.constantFrom(1, 7),
      // Shares of the window that has passed since the newest, and of what counts.
      passed: fc.double({ min: -0.1, max: 1.05, noNaN: true }),
      share: fc.oneof(fc.double({ min: 0, max: 1.1, noNaN: true }), fc.double({ min: 0, max: 0.02, noNaN: true })),
      operation: fc.constantFrom<Task[]>("consume", "consume", "peek", "refund", "refund"),
      roomFor: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const property = fc.asyncProperty(call, async ({ pairs, mostMs, mostUnits, passed, share, operation, roomFor }) => {
      const list = [0, 5];
      let newest = MIDNIGHT;
      let total = 5;
      for (let i = 0; i < pairs; i += 1) {
        newest += 1 + ((i * 7919) % mostMs);
        total += 1 + ((i * 104_729) % mostUnits);
        list.push(newest, total);
      }
      const windowMs = newest - MIDNIGHT + 1;
      const now = newest + Math.round(passed * windowMs);
      const units = Math.round(share * total);
      const limit = Math.round(total * (1 + roomFor)) + 1;
      const demand = {
        delta: operation === "refund" ? -units : units,
        pace: windowMs,
        ceiling: operation === "peek" ? -1 - limit : operation === "refund" ? 1e300 : Math.round(limit * roomFor),
      };
      const key = uniqueName();
      const replies = await redis
        .multi()
        .rpush(key, ...list)
        .pexpireat(key, FAR_FUTURE)
        .evalsha(script.sha1, 1, key, ...args(now, [demand]))
        .lrange(key, 0, -1)
        .del(key)
        .exec();
      const [, , reply, stored] = (replies ?? []).map(([error, value]) => error ?? value);
      const twin = step({ pairs: list, first: 0 }, now, [demand]);
      expect(reply).toEqual([twin.allowed ? 1 : 0, ...twin.state]);
      expect((stored as string[]).map(Number)).toEqual(listOf(twin.kept));
    });
    await fc.assert(property, { numRuns: 1500, endOnFailure: true });
  });

  test("twin and script find each pair of a long list", async () => {
    const { script, args, step } = programFor([slidingLog({ limit: 30, window: WINDOW_MS })]);
    await redis.script("LOAD", script.text);
    const pairs = 300;
    const list = [0, 0, ...Array.from({ length: pairs }, (_, i) => [MIDNIGHT + i, 2 * i + 2]).flat()];
    const key = uniqueName();
    const pipeline = redis.pipeline();
    const expected = Array.from({ length: pairs }, (_, i) => {
      const at = MIDNIGHT + pairs - 1;
      const calls: [now: number, Demand][] = [
        [at + i, { delta: 1, pace: pairs, ceiling: -1 }],
        [at, { delta: 2 * i + 1, pace: pairs, ceiling: 2 * pairs }],
        [at, { delta: -2 * i - 1, pace: pairs, ceiling: 1e300 }],
        [at, { delta: -2 * i, pace: pairs, ceiling: 1e300 }],
      ];
      return calls.map(([now, demand]) => {
        pipeline.del(key).rpush(key, ...list);
        pipeline.evalsha(script.sha1, 1, key, ...args(now, [demand])).lrange(key, 0, -1);
        const { allowed, state, kept } = step({ pairs: [...list], first: 0 }, now, [demand]);
        return { reply: [allowed ? 1 : 0, ...state], list: listOf(kept) };
      });
    }).flat();
    const replies = ((await pipeline.del(key).exec()) ?? []).map(([error, value]) => error ?? value);
    expected.forEach(({ reply, list }, i) => {
      const [, , replied, stored] = replies.slice(4 * i);
      expect(replied).toEqual(reply);
      expect((stored as string[]).map(Number)).toEqual(list);
    });
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

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Policy, slidingLog } from "../../src/algorithm/policy.ts";
import type { KnownDecision } from "../../src/core/decision.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import type { RemoteStore } from "../../src/store/store.ts";
import { clockAt } from "../support/clock.ts";
import { known } from "../support/known.ts";
import { slidingLogOracle } from "../support/oracles.ts";
import { ALGORITHMS, COUNTERS, PLAIN } from "../support/policies.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const WINDOW_MS = 1000;
const NAMES = ["a", "b", "c", "d"];
const make = (name: string, i: number) =>
  (ALGORITHMS[name] as (typeof ALGORITHMS)[string])({
    name: `${NAMES[i]}`,
    limit: 4 + 3 * i,
    window: WINDOW_MS,
    burst: 6,
  });
/** Holds more entries than a reply tells, so that some denials only the store can date. */
const longLog = slidingLog({ limit: 30, window: 5 * WINDOW_MS });
const SETS: Record<string, Policy[]> = {
  ...Object.fromEntries(Object.keys(ALGORITHMS).map((name) => [name, [make(name, 0)]])),
  "long log": [longLog],
  "policy set": Object.keys(PLAIN).map(make),
  "set with parts": Object.keys(COUNTERS).map(make),
};

interface Act {
  readonly isolate: number;
  readonly key: string;
  readonly operation: "consume" | "peek" | "charge" | "refund" | "reset";
  readonly cost: number;
  readonly limit: number | undefined;
  readonly waitMs: number;
}

const act = (operations: fc.Arbitrary<Act["operation"]>, limits: fc.Arbitrary<number | undefined>) =>
  fc.record({
    isolate: fc.integer({ min: 0, max: 3 }),
    key: fc.constantFrom("x", "y"),
    operation: operations,
    cost: fc.oneof(fc.constantFrom(0, 1, 1, 1, 2), fc.integer({ min: 0, max: 7 })),
    limit: limits,
    waitMs: fc.oneof(
      { weight: 5, arbitrary: fc.constant(0) },
      { weight: 5, arbitrary: fc.integer({ min: 0, max: 40 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 * WINDOW_MS }) },
    ),
  });
const acts = (one: fc.Arbitrary<Act>) => fc.array(one, { minLength: 1, maxLength: 150, size: "max" });

const onlyTaking = act(fc.constantFrom("consume", "consume", "consume", "peek", "charge"), fc.constant(undefined));
const onlyConsuming = act(fc.constant("consume"), fc.constant(undefined));
const mostlyConsuming = (...others: Act["operation"][]) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant<Act["operation"]>("consume") },
    { weight: 4, arbitrary: fc.constantFrom(...others) },
  );
const changing = fc.option(fc.constantFrom(2, 3, 9), { freq: 20, nil: undefined });
const ownLimits = act(mostlyConsuming("peek", "refund", "reset"), changing);
// What was booked beyond a full bucket is repaid at the pace in force, and expires at the pace it was booked at: nobody who
// sees such a debt under another limit can know when. So buckets see either debts or changing limits here.
const anything = (policies: readonly Policy[]) =>
  policies.some(({ algorithm }) => algorithm.code === "b")
    ? act(mostlyConsuming("peek", "charge", "refund", "reset"), fc.constant(undefined))
    : act(mostlyConsuming("peek", "charge", "refund", "reset"), changing);

const carryOut = async (limiter: Limiter, { operation, key, cost, limit }: Act) => {
  const options = limit === undefined ? {} : { limit };
  if (operation === "reset") return limiter.reset(key);
  if (operation === "refund" || operation === "charge") return known(await limiter[operation](key, cost, options));
  return known(await limiter[operation](key, { cost, ...options }));
};

const without = ({ source: _source, ...numbers }: KnownDecision) => numbers;

describe.each(Object.entries(SETS))("%s", (_name, policies) => {
  test("one isolate: every answer is the one without snapshots, whatever it does", async () => {
    let denials = 0;
    const lists = fc.oneof(acts(anything(policies)), acts(ownLimits));
    const property = fc.asyncProperty(lists, async (list) => {
      const clock = clockAt();
      const [plain, quick] = [false, true].map((snapshots) =>
        createLimiter({ name: "test", store: simulatedRedis(clock.now), policies, now: clock.now, snapshots }),
      );
      for (const one of list) {
        clock.ms += one.waitMs;
        const expected = await carryOut(plain as Limiter, one);
        const answer = await carryOut(quick as Limiter, one);
        if (!answer || !expected) continue;
        expect(without(answer)).toEqual(without(expected));
        if (answer.source === "snapshot") denials += 1;
      }
    });
    await fc.assert(property, { numRuns: 200 });
    expect(denials).toBeGreaterThan(200);
  });

  test("several isolates: the same are admitted, and numbers are those of what was seen", async () => {
    let denials = 0;
    const property = fc.asyncProperty(acts(onlyTaking), async (list) => {
      const clock = clockAt();
      const shared = [simulatedRedis(clock.now), simulatedRedis(clock.now)];
      const isolatesOf = (store: RemoteStore, snapshots: boolean) =>
        Array.from({ length: 4 }, () => createLimiter({ name: "test", store, policies, now: clock.now, snapshots }));
      const plain = isolatesOf(shared[0] as RemoteStore, false);
      const quick = isolatesOf(shared[1] as RemoteStore, true);
      // How often each key was written, and how often when an isolate last asked for it.
      const writes = new Map<string, number>();
      const seen = new Map<string, number>();
      for (const one of list) {
        clock.ms += one.waitMs;
        const expected = known((await carryOut(plain[one.isolate] as Limiter, one)) as KnownDecision);
        const answer = known((await carryOut(quick[one.isolate] as Limiter, one)) as KnownDecision);
        expect(answer.allowed).toBe(expected.allowed);
        if (answer.allowed && one.operation !== "peek") writes.set(one.key, (writes.get(one.key) ?? 0) + 1);
        const mine = `${one.isolate}${one.key}`;
        if (answer.source !== "snapshot") seen.set(mine, writes.get(one.key) ?? 0);
        else denials += 1;
        if (seen.get(mine) === (writes.get(one.key) ?? 0)) expect(without(answer)).toEqual(without(expected));
        else expect(answer.retryAfterMs).toBeLessThanOrEqual(expected.retryAfterMs);
      }
    });
    await fc.assert(property, { numRuns: 120 });
    expect(denials).toBeGreaterThan(200);
  });

  test("calls under way at once: nothing is denied that the store would allow", async () => {
    let denials = 0;
    const moves = fc.array(fc.tuple(anything(policies), fc.integer({ min: 0, max: 6 })), {
      minLength: 1,
      maxLength: 60,
      size: "max",
    });
    const property = fc.asyncProperty(fc.scheduler(), moves, async (scheduler, list) => {
      const clock = clockAt();
      const store = simulatedRedis(clock.now);
      const slow: RemoteStore = {
        ...store,
        async step(request, signal) {
          await scheduler.schedule(Promise.resolve(), "on its way there");
          const reply = await store.step(request, signal);
          await scheduler.schedule(Promise.resolve(), "on its way back");
          return reply;
        },
        async reset(key, signal) {
          await scheduler.schedule(Promise.resolve(), "on its way there");
          await store.reset(key, signal);
          await scheduler.schedule(Promise.resolve(), "on its way back");
        },
      };
      const limiter = createLimiter({ name: "test", store: slow, policies, now: clock.now, timeoutMs: 60_000 });
      const direct = createLimiter({ name: "test", store, policies, now: clock.now, snapshots: false });
      let givingBack = 0;
      const pending: Promise<unknown>[] = [];
      for (const [one, replies] of list) {
        clock.ms += one.waitMs;
        const givesBack = one.operation === "refund" || one.operation === "reset";
        if (givesBack) givingBack += 1;
        const truth = one.operation === "consume" ? await carryOut(direct, { ...one, operation: "peek" }) : undefined;
        const settled = givingBack === 0;
        const answer = carryOut(limiter, one).then((decision) => {
          if (givesBack) givingBack -= 1;
          if (decision?.source !== "snapshot" || !truth || !settled) return;
          denials += 1;
          expect(truth.allowed).toBe(false);
        });
        pending.push(answer);
        await Promise.resolve();
        for (let i = 0; i < replies && scheduler.count() > 0; i += 1) await scheduler.waitNext(1);
      }
      while (scheduler.count() > 0) await scheduler.waitNext(1);
      await Promise.all(pending);
    });
    await fc.assert(property, { numRuns: 60 });

    expect(denials).toBeGreaterThan(20);
  });
});

test.each([["sliding log", make("sliding log", 0)] as const, ["long log", longLog] as const])(
  "%s: isolates that deny from snapshots let pass what the definition does, so no window of any position holds more",
  async (_name, policy) => {
    let denials = 0;
    const property = fc.asyncProperty(acts(onlyConsuming), async (list) => {
      const clock = clockAt();
      const store = simulatedRedis(clock.now);
      const isolates = Array.from({ length: 4 }, () =>
        createLimiter({ name: "test", store, policies: [policy], now: clock.now }),
      );
      const oracle = slidingLogOracle(policy.windowMs);
      const admitted: { readonly at: number; readonly cost: number }[] = [];
      for (const { isolate, cost, waitMs } of list) {
        clock.ms += waitMs;
        const answer = known(await (isolates[isolate] as Limiter).consume("x", { cost }));
        expect(answer.allowed).toBe(oracle.allows(clock.ms, cost, policy.limit));
        if (answer.source === "snapshot") denials += 1;
        if (!answer.allowed) continue;
        oracle.admit(clock.ms, cost);
        admitted.push({ at: clock.ms, cost });
      }
      for (const { at: from } of admitted) {
        const within = admitted.filter(({ at }) => at >= from && at < from + policy.windowMs);
        expect(within.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(policy.limit);
      }
    });
    await fc.assert(property, { numRuns: 120 });
    expect(denials).toBeGreaterThan(200);
  },
);

import { describe, expect, test } from "vitest";
import { slidingLog } from "../../src/algorithm/policy.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import { clockAt } from "../support/clock.ts";
import { definitionOf } from "../support/definitions.ts";
import { known } from "../support/known.ts";
import { type Random, randomFrom } from "../support/random.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

const STEPS = 100_000;
const CALLS = 400;
const WINDOW_MS = 1000;
// Far more entries than a reply tells.
const LIMIT = 60;
const policy = slidingLog({ limit: LIMIT, window: WINDOW_MS });

/** Sequences of calls, each on a new store, until there were enough; all from a seed that a failure names. */
async function sequences(sequence: (random: Random, where: string) => Promise<void>): Promise<void> {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = randomFrom(seed);
  for (let steps = 0; steps < STEPS; steps += CALLS) await sequence(random, `seed ${seed}, sequence ${steps / CALLS}`);
}

const pauseMs = (random: Random) => {
  if (random.below(300) === 0) return random.below(2 * WINDOW_MS);
  return random.pick([0, 0, 1, 3, 10, 10, 20, 40]);
};
const costOf = (random: Random) => random.pick([0, 1, 1, 1, 2, 3, 5, 20]);
const limitOf = (random: Random) => random.pick([LIMIT, LIMIT, LIMIT, 10, 30, 90]);

const isolateOf = (clock: { now: () => number }, store = simulatedRedis(clock.now), snapshots = true): Limiter =>
  createLimiter({ name: "log", store, policies: [policy], now: clock.now, snapshots });

describe("a long sliding log", () => {
  test("with snapshots or without, every answer is what the definition says: refunds, charges, changing limits", async () => {
    let fromSnapshots = 0;
    await sequences(async (random, where) => {
      const clock = clockAt();
      const isolates = [false, true].map((snapshots) => isolateOf(clock, undefined, snapshots));
      const definition = definitionOf(policy);
      for (let i = 0; i < CALLS; i += 1) {
        clock.ms += pauseMs(random);
        const at = clock.ms;
        const [cost, limit] = [costOf(random), limitOf(random)];
        const operation = random.pick(["consume", "consume", "consume", "peek", "refund", "charge"] as const);
        const allowed = operation === "refund" || operation === "charge" || definition.allows(at, cost, limit);
        if (operation === "refund") definition.giveBack(at, cost, limit);
        else if (operation !== "peek" && allowed) definition.take(at, cost, limit);
        const [plain, quick] = await Promise.all(
          isolates.map(async (limiter) =>
            known(
              operation === "refund" || operation === "charge"
                ? await limiter[operation]("k", cost, { limit })
                : await limiter[operation]("k", { cost, limit }),
            ),
          ),
        );
        if (quick?.source === "snapshot") fromSnapshots += 1;
        const what = `${where}: ${operation} ${cost} limit ${limit}`;
        expect({ ...quick, source: "store" }, what).toEqual(plain);
        expect(plain, what).toMatchObject({ allowed, remaining: definition.remaining(at, limit) });
        const { retryAfterMs = 0, resetAfterMs = 0 } = plain ?? {};
        if (allowed) expect(retryAfterMs, what).toBe(0);
        else if (cost > limit) expect(retryAfterMs, what).toBe(Infinity);
        else {
          expect(definition.allows(at + retryAfterMs, cost, limit), what).toBe(true);
          expect(definition.allows(at + retryAfterMs - 1, cost, limit), what).toBe(false);
        }
        expect(definition.remaining(at + resetAfterMs, 1000), what).toBe(1000);
        if (resetAfterMs > 0) expect(definition.remaining(at + resetAfterMs - 1, 1000), what).toBeLessThan(1000);
      }
    });
    expect(fromSnapshots).toBeGreaterThan(1000);
  });

  test("whichever calls are given back, no window holds more than the limit of those that were not", async () => {
    let refunds = 0;
    let denials = 0;
    await sequences(async (random, where) => {
      const clock = clockAt();
      const store = simulatedRedis(clock.now);
      const snapshots = random.below(2) === 0;
      const isolates = Array.from({ length: 3 }, () => isolateOf(clock, store, snapshots));
      const calls: { readonly at: number; units: number }[] = [];
      for (let i = 0; i < CALLS; i += 1) {
        clock.ms += pauseMs(random);
        const counting = calls.filter(({ at, units }) => at > clock.ms - WINDOW_MS && units > 0);
        const [limiter, cost, limit] = [random.pick(isolates), costOf(random), limitOf(random)];
        if (random.below(3) === 0 && counting.length > 0) {
          const call = random.pick(counting);
          const units = Math.min(cost, call.units);
          call.units -= units;
          refunds += 1;
          await limiter.refund("k", units);
        } else if ((await limiter.consume("k", { cost, limit })).allowed) {
          // What a window holds only grows with a call, so each is judged where it ends with one.
          const held = counting.reduce((sum, { units }) => sum + units, cost);
          expect(held, `${where}: ${cost} at ${clock.ms}`).toBeLessThanOrEqual(limit);
          calls.push({ at: clock.ms, units: cost });
        } else denials += 1;
      }
    });
    expect(refunds).toBeGreaterThan(10_000);
    expect(denials).toBeGreaterThan(10_000);
  });
});

import fc from "fast-check";
import { createLimiter, redisStore, slidingLog } from "sluice";
import { afterAll, describe, expect, inject, test } from "vitest";
import { programFor } from "../../src/algorithm/program.ts";
import { clockAt, MIDNIGHT } from "../support/clock.ts";
import { GRACE_MS } from "../support/grace.ts";
import { known } from "../support/known.ts";
import { connect, FAR_FUTURE, lastingClientOf, uniqueName } from "../support/redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const LIMIT = 1000;
const WINDOW_MS = 10_000;
const policies = [slidingLog({ limit: LIMIT, window: WINDOW_MS })];

const JUNK = [
  "",
  "x",
  "nan",
  "inf",
  "-inf",
  "-1",
  "1.5",
  "0x10",
  "1e3",
  "1e300",
  "1e400",
  "9007199254740993",
  "0",
  "7",
];

/** One way to spoil a list. */
const spoil = fc.record({
  way: fc.constantFrom("replace", "replace", "swap", "remove", "insert"),
  /** Where, as a share of its length; mostly where the script reads. */
  where: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.02, 0.5, 0.97, 1)),
  junk: fc.oneof(
    fc.constantFrom(...JUNK),
    fc.integer({ min: -5, max: 400 }).map((n) => `${MIDNIGHT + n}`),
  ),
});

function spoiled(list: readonly string[], spoils: readonly { way: string; where: number; junk: string }[]): string[] {
  const all = [...list];
  for (const { way, where, junk } of spoils) {
    const i = Math.round(where * (all.length - 1));
    if (way === "swap") all.splice(i, 2, ...all.slice(i, i + 2).reverse());
    else if (way === "insert") all.splice(i, 0, junk);
    else if (way === "remove") all.splice(i, 1);
    else all[i] = junk;
  }
  return all.length > 0 ? all : ["x"];
}

describe("sliding log", () => {
  test("of a foreign list nothing is counted that can't be part of a log, and no answer contradicts itself", async () => {
    const call = fc.record({
      pairs: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 400 })),
      spoils: fc.array(spoil, { minLength: 1, maxLength: 4 }),
      passedMs: fc.oneof(
        fc.integer({ min: -3000, max: WINDOW_MS }),
        fc.integer({ min: WINDOW_MS - 400, max: WINDOW_MS }),
      ),
      operation: fc.constantFrom("consume", "consume", "peek", "refund", "charge"),
      cost: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: LIMIT }), fc.constant(2 ** 53 - 1)),
      // Next to 2^53 a charge has all of the list read and written anew.
      base: fc.constantFrom(0, 0, 2 ** 53 - 3000),
    });
    const clock = clockAt();
    const name = uniqueName();
    const limiter = createLimiter({
      store: redisStore(lastingClientOf(redis)),
      policies,
      name,
      now: clock.now,
      snapshots: false,
      breaker: false,
      timeoutMs: 60_000,
    });
    const place = `${name}:${programFor(policies).kind}:k`;
    const property = fc.asyncProperty(call, async ({ pairs, spoils, passedMs, operation, cost, base }) => {
      const list = ["0", `${base}`];
      for (let i = 1; i <= pairs; i += 1) list.push(`${MIDNIGHT + i}`, `${base + 5 * i}`);
      await redis.del(place);
      await redis.rpush(place, ...spoiled(list, spoils));
      await redis.pexpireat(place, FAR_FUTURE);
      clock.ms = MIDNIGHT + pairs + passedMs;
      const answer = known(
        operation === "refund" || operation === "charge"
          ? await limiter[operation]("k", cost)
          : await limiter[operation as "consume" | "peek"]("k", { cost }),
      );
      expect(answer.retryAfterMs === 0).toBe(answer.allowed);
      for (const number of [answer.remaining, answer.resetAfterMs, answer.retryAfterMs]) {
        expect(number).toBeGreaterThanOrEqual(0);
        expect(Number.isInteger(number) || number === Infinity).toBe(true);
      }
    });
    await fc.assert(property, { numRuns: 1500, endOnFailure: true });
    await redis.del(place);
  });

  const { script, args } = programFor(policies);
  const fifty = Array.from({ length: 50 }, (_, i) => [`${MIDNIGHT + i}`, `${2 ** 53 - 1000 + i}`]).flat();
  const call = async (list: readonly string[], now: number, delta: number, ceiling = 1e300, lifeMs = 3_600_000) => {
    await redis.script("LOAD", script.text);
    const key = uniqueName();
    await redis.rpush(key, ...list);
    if (lifeMs > 0) await redis.pexpire(key, lifeMs);
    const reply = await redis.evalsha(script.sha1, 1, key, ...args(now, [{ delta, pace: WINDOW_MS, ceiling }]));
    const stored = await redis.lrange(key, 0, -1);
    await redis.del(key);
    return { reply: reply as number[], stored };
  };

  const at = (...all: readonly (readonly [ms: number, sum: number])[]) =>
    all.flatMap(([ms, sum]) => [`${MIDNIGHT + ms}`, `${sum}`]);
  /** Of these the first nine that count are read, and the newest. */
  const eleven = at(...Array.from({ length: 11 }, (_, i) => [i, i + 1] as const));

  test.each([
    ["half a pair", ["0", "0", ...at([1, 2], [2, 3]), `${MIDNIGHT + 3}`]],
    ["half a pair and totals like times", ["0", ...[0, 1, 2, 5].map((ms) => `${MIDNIGHT + ms}`)]],
    ["a time that falls", ["0", "0", ...at([3, 2], [2, 3], [4, 4])]],
    ["a total that falls", ["0", "0", ...at([1, 3], [2, 2], [3, 4])]],
    ["a time past the newest", ["0", "0", ...eleven.with(16, `${MIDNIGHT + 50}`)]],
    ["a total past the newest", ["0", "0", ...eleven.with(17, "50")]],
    ["a fraction of a ms", ["0", "0", ...eleven.with(2, `${MIDNIGHT + 1}.5`)]],
    ["a fraction of a unit", ["0", "0", ...eleven.with(3, "2.5")]],
    ["a time that no clock tells", ["0", "0", `${2 ** 42}`, "5"]],
    ["a total past 2^53", ["0", "0", `${MIDNIGHT}`, "9007199254740992"]],
    ["no number", ["0", "0", ...at([1, 2]), "x", "3", ...at([3, 4])]],
  ])("a list with %s is none", async (_what, list) => {
    const now = MIDNIGHT + 100;
    expect((await call(list, now, 1, -1 - LIMIT)).reply).toEqual([0, now, 0, 0, 0, 0, 0]);
    const { reply, stored } = await call(list, now, 3);
    expect(reply).toEqual([1, now, now, 3, 0, 0, 0, now, 3]);
    expect(stored).toEqual(["0", "0", `${now}`, "3"]);
  });

  test("a long list with half a pair is none once something is searched for in it", async () => {
    const list = ["0", "0", ...Array.from({ length: 100 }, (_, i) => [`${MIDNIGHT + i}`, `${i + 1}`]).flat()];
    // Read from its end it looks whole.
    const { stored } = await call(list.toSpliced(150, 1), MIDNIGHT + 90 + WINDOW_MS, 3);
    expect(stored).toEqual(["0", "0", `${MIDNIGHT + 90 + WINDOW_MS}`, "3"]);
  });

  test.each([
    ["a word", 61, "x"],
    ["a time that falls", 62, "5"],
    ["a sum that falls", 63, "5"],
  ])("is not written anew from a list that is none: %s", async (_what, at, junk) => {
    const now = MIDNIGHT + 100;
    const { stored } = await call(fifty.toSpliced(at, 1, junk), now, 2000);
    expect(stored).toEqual(["0", "0", `${now}`, "2000"]);
  });

  test.each([
    ["to be waited for", 60, 1],
    ["to have left", 100, WINDOW_MS],
    ["to be given back", 60, 1],
  ])("is none once a pair is read that is none: %s", async (what, at, passedMs) => {
    const list = ["0", "0", ...Array.from({ length: 100 }, (_, i) => [`${MIDNIGHT + i}`, `${i + 1}`]).flat()];
    const spoiledList = list.toSpliced(at, 1, "x");
    const now = MIDNIGHT + 60 + passedMs;
    const delta = what === "to be given back" ? -40 : 40;
    const { reply, stored } = await call(spoiledList, now, delta, delta < 0 ? 1e300 : 100);
    expect(reply.slice(0, 5)).toEqual(delta < 0 ? [1, now, 0, 0, 0] : [1, now, now, 40, 0]);
    expect(stored).toEqual(delta < 0 ? spoiledList : ["0", "0", `${now}`, "40"]);
  });

  test.each([3_600_000, 30 * 86_400_000, 2 ** 42 - 1 - MIDNIGHT])(
    "from a clock %d ms ahead counts as long as its key lives, and not without an end",
    async (aheadMs) => {
      const list = ["0", "0", `${MIDNIGHT + aheadMs}`, "5"];
      const looked = async (lifeMs: number) => (await call(list, MIDNIGHT, 1, -1 - LIMIT, lifeMs)).reply.slice(0, 5);
      const counted = [0, MIDNIGHT + aheadMs, MIDNIGHT + aheadMs, 5, 0];
      expect(await looked(GRACE_MS + 60_000)).toEqual(counted);
      expect(await looked(GRACE_MS)).toEqual([0, MIDNIGHT, 0, 0, 0]);
      expect(await looked(0)).toEqual([0, MIDNIGHT, 0, 0, 0]);
    },
  );
});

import { afterAll, expect, inject, test } from "vitest";
import { fixedWindow, type Policy, slidingWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import type { Decision } from "../../src/core/decision.ts";
import { allOf } from "../../src/limiter/all-of.ts";
import { createLimiter, type Limiter } from "../../src/limiter/limiter.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { redisStore } from "../../src/store/redis.ts";
import type { Store } from "../../src/store/store.ts";
import { clockAt } from "../support/clock.ts";
import { known } from "../support/known.ts";
import { randomFrom } from "../support/random.ts";
import { connect, uniqueName } from "../support/redis.ts";

const STEPS = 10_000;

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const LEVELS = ["org", "team", "user"] as const;
type Level = (typeof LEVELS)[number];
type ByLevel<T> = Record<Level, T>;

const POLICIES: ByLevel<Policy[]> = {
  org: [fixedWindow({ name: "hourly", limit: 60, window: "1 m" })],
  team: [
    slidingWindow({ name: "requests", limit: 40, window: "30 s" }),
    fixedWindow({ name: "tokens", limit: 4000, window: "2 m" }),
  ],
  user: [tokenBucket({ name: "burst", limit: 20, window: "20 s", burst: 30 })],
};

const byLevel = <T>(make: (level: Level) => T) =>
  Object.fromEntries(LEVELS.map((level) => [level, make(level)])) as ByLevel<T>;

test("10 000 calls alone, together, reserved and settled in any order: verdicts, bytes and ends are those of each limiter alone, one call after the other", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = randomFrom(seed);
  const clock = clockAt();
  const run = uniqueName();
  const limitersOn = (store: Store) =>
    byLevel((level) =>
      createLimiter({
        name: `${run}-${level}`,
        store,
        policies: POLICIES[level],
        now: clock.now,
        snapshots: false,
        timeoutMs: 60_000,
      }),
    );
  const limiters = limitersOn(redisStore(ioredisClient(redis)));
  const shadows = limitersOn(redisStore(ioredisClient(redis), { namespace: "alone" }));
  const all = allOf(limiters);
  type Open = {
    settle(actual: number): Promise<Decision>;
    shadow: ByLevel<Awaited<ReturnType<Limiter["reserve"]>> | undefined>;
  };
  const open: Open[] = [];
  const spans = new Map<string, number>();
  const seen = { together: 0, denied: 0, settled: 0 };

  /** Bytes and ends are equal, but for the time that passed between the two writes. */
  async function compare(keys: ByLevel<string>, where: string) {
    const pipeline = redis.pipeline();
    const places = LEVELS.map((level) => `${run}-${level}:${KINDS[level]}:${keys[level]}`);
    for (const place of places.flatMap((place) => [place, `alone/${place}`]))
      pipeline.getBuffer(place).pexpiretime(place);
    const told = ((await pipeline.exec()) ?? []).map(([error, value]) => error ?? value);
    for (const place of places) {
      const [value, end, shadow, shadowEnd] = told.splice(0, 4) as [Buffer, number, Buffer, number];
      expect(value, `${where}: ${place}`).toEqual(shadow);
      expect(Math.abs(end - shadowEnd), `${where}: ${place}`).toBeLessThanOrEqual((spans.get(place) ?? 0) + 1);
    }
  }

  for (let i = 0; i < STEPS; i += 1) {
    clock.ms += random.pick([0, 1, random.below(400), random.below(3000), random.next() < 0.02 ? 60_000 : 0]);
    if (random.next() < 0.1) clock.ms += 30_000 - (clock.ms % 30_000) - random.below(2);
    const keys = { org: "acme", team: random.pick(["ml", "web"]), user: random.pick(["ada", "bob", "cy"]) };
    const cost = 1 + random.below(9);
    const where = `seed ${seed}, step ${i}`;
    const from = performance.now();
    const act = random.next();
    if (act < 0.25) {
      const level = random.pick(LEVELS);
      const [one, other] = [
        await limiters[level].consume(keys[level], { cost }),
        await shadows[level].consume(keys[level], { cost }),
      ];
      expect(one, where).toEqual(other);
    } else if (act < 0.6 || open.length === 0) {
      const isReserved = random.next() < 0.6;
      const peeks = await Promise.all(LEVELS.map((level) => shadows[level].peek(keys[level], { cost })));
      const allowed = peeks.every((peek) => peek.allowed);
      const whole = isReserved ? await all.reserve(keys, { cost }) : await all.consume(keys, { cost });
      expect(whole.allowed, where).toBe(allowed);
      seen.together += 1;
      seen.denied += Number(!allowed);
      const alone = byLevel<Open["shadow"]["org"]>(() => undefined);
      for (const level of LEVELS) if (allowed) alone[level] = await shadows[level].reserve(keys[level], { cost });
      if (allowed) {
        for (const level of LEVELS) {
          const { policies, at } = known(whole.parts[level] as Decision);
          expect({ policies, at }, where).toEqual({
            policies: alone[level] && known(alone[level]).policies,
            at: alone[level] && known(alone[level]).at,
          });
        }
      }
      if (isReserved && "settle" in whole) open.push({ settle: whole.settle as Open["settle"], shadow: alone });
    } else {
      const [one] = open.splice(random.below(open.length), 1) as [Open];
      const actual = random.below(12);
      await one.settle(actual);
      for (const level of LEVELS) await one.shadow[level]?.settle(actual);
      seen.settled += 1;
    }
    const span = Math.ceil(performance.now() - from);
    for (const level of LEVELS) {
      for (const key of ["acme", "ml", "web", "ada", "bob", "cy"]) {
        const place = `${run}-${level}:${KINDS[level]}:${key}`;
        spans.set(place, Math.max(spans.get(place) ?? 0, span));
      }
    }
    if (i % 5 === 0) await compare(keys, where);
  }
  expect(seen.together).toBeGreaterThan(STEPS / 4);
  expect(seen.denied).toBeGreaterThan(STEPS / 100);
  expect(seen.settled).toBeGreaterThan(STEPS / 10);
}, 180_000);

const KINDS: ByLevel<string> = { org: "f1m", team: "s30s+f2m", user: "b20s" };

import type { Policy } from "sluice";
import { afterAll, describe, expect, inject, test } from "vitest";
import { programFor } from "../../src/algorithm/program.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { redisStore } from "../../src/store/redis.ts";
import { type Clock, clockAt, MIDNIGHT } from "../support/clock.ts";
import { GRACE_MS } from "../support/grace.ts";
import { ALGORITHMS, COUNTERS, PLAIN, WITH_CALENDAR } from "../support/policies.ts";
import { connect, uniqueName } from "../support/redis.ts";

const LIMIT = 5;
const WINDOW_MS = 40;
const HOUR_MS = 3_600_000;
const numbers = { limit: LIMIT, window: WINDOW_MS };
const POLICIES: Record<string, Policy[]> = {
  ...Object.fromEntries(
    Object.entries({ ...WITH_CALENDAR, ...ALGORITHMS }).map(([name, make]) => [name, [make(numbers)]]),
  ),
  "policy set": Object.entries(PLAIN).map(([name, make]) => make({ ...numbers, name })),
  "set with parts": Object.entries(COUNTERS).map(([name, make]) => make({ ...numbers, name })),
};

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

/** A day ends when the others' windows do. */
const START = MIDNIGHT - WINDOW_MS;

describe.each(Object.entries(POLICIES))("%s", (_name, policies) => {
  /** A limiter of its own prefix, and where it keeps its key "k". */
  function limiterOn(clock: Clock) {
    const prefix = uniqueName();
    const store = redisStore(ioredisClient(redis));
    const limiter = createLimiter({ store, policies, name: prefix, now: clock.now, snapshots: false });
    return { limiter, place: `${prefix}:${programFor(policies).kind}:k` };
  }

  /** Until a key's life is over by the clock of Redis, and only its grace is left. */
  const lifeIsOver = (place: string) =>
    expect.poll(() => redis.pttl(place), { interval: 5, timeout: 5000 }).toBeLessThanOrEqual(GRACE_MS);

  test("a call that was long on its way finds what was taken at its time", async () => {
    const clock = clockAt(START);
    const { limiter, place } = limiterOn(clock);
    expect((await limiter.consume("k", { cost: LIMIT })).allowed).toBe(true);
    await lifeIsOver(place);
    clock.ms += 1;
    expect((await limiter.consume("k", { cost: LIMIT })).allowed).toBe(false);
  });

  test("what a clock an hour ahead took counts for its life and no longer", async () => {
    const clock = clockAt(START);
    const { limiter, place } = limiterOn(clock);
    clock.ms += HOUR_MS;
    expect((await limiter.consume("k", { cost: LIMIT })).allowed).toBe(true);
    clock.ms -= HOUR_MS;
    await redis.pexpire(place, GRACE_MS + 60_000);
    expect((await limiter.consume("k")).allowed).toBe(false);
    await redis.pexpire(place, GRACE_MS);
    expect((await limiter.consume("k", { cost: LIMIT })).allowed).toBe(true);
    expect((await limiter.consume("k")).allowed).toBe(false);
  });
});

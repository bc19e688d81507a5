import type { RedisClient } from "sluice";
import { afterAll, describe, expect, inject, test } from "vitest";
import { createDatabase } from "../../simulation/redis/database.ts";
import { runInFlightWorld, type WorldOptions } from "../../support/in-flight-world.ts";
import { clientAt } from "../../support/passed-time.ts";
import { connect, uniqueName } from "../../support/redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

/** The twin in a Redis that is simulated, for many worlds in little time. */
function simulatedAt(now: () => number): RedisClient {
  const database = createDatabase({ name: "simulated", now, takesFlags: false });
  const run = (name: "EVALSHA" | "EVAL" | "DEL", script: string, keys: string[], args: string[]) =>
    Promise.resolve().then(() => database.execute({ name, script, keys, args }).reply);
  return {
    evalsha: async () => {
      throw Object.assign(new Error("NOSCRIPT each call brings the text"), { name: "ReplyError" });
    },
    eval: (text, keys, args) => run("EVAL", text, keys, args),
    del: (key) => run("DEL", "", [key], []),
  };
}

const WORLDS: readonly Pick<WorldOptions, "limit" | "skewMs">[] = [
  { limit: 4, skewMs: 0 },
  { limit: 4, skewMs: 900 },
  { limit: 10, skewMs: 5000 },
  { limit: 6, skewMs: 60_000 },
  { limit: 1, skewMs: 3000 },
  { limit: 40, skewMs: 500 },
];

describe("never more than the limit is held, no hold ends early by another clock, no denial without need, nothing leaks", () => {
  test("in 100 000 random steps with crashes, lost requests and lost answers, in Redis", async () => {
    const sums = { held: 0, again: 0, denied: 0, lost: 0, crashed: 0, released: 0, extended: 0, ended: 0 };
    const rounds = Array.from({ length: 50 }, (_, round) => {
      const world = WORLDS[round % WORLDS.length] as (typeof WORLDS)[number];
      return { ...world, seed: 7000 + round, steps: 2000, name: uniqueName() };
    });
    // Side by side, each with a key of its own: one after the other they would wait for Redis most of the time.
    const outcomes = await Promise.all(
      rounds.map((options) => runInFlightWorld((now) => clientAt(redis, now), options)),
    );
    for (const [round, { counts, complaints }] of outcomes.entries()) {
      expect(complaints, JSON.stringify(rounds[round])).toEqual([]);
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += counts[name];
    }
    for (const [name, count] of Object.entries(sums)) expect(count, name).toBeGreaterThan(1000);
  }, 600_000);

  test("in worlds of the twin", async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const world = WORLDS[seed % WORLDS.length] as (typeof WORLDS)[number];
      const options = { ...world, seed, steps: 1000, name: "simulated" };
      const { complaints } = await runInFlightWorld(simulatedAt, options);
      expect(complaints, JSON.stringify(options)).toEqual([]);
    }
  });
});

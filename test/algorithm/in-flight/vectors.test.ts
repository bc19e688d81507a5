import { createLimiter, type Held, memoryStore, redisStore, type Store } from "sluice";
import { afterAll, describe, expect, inject, test } from "vitest";
import { type Clock, clockAt, MIDNIGHT } from "../../support/clock.ts";
import { known } from "../../support/known.ts";
import { clientAt } from "../../support/passed-time.ts";
import { connect, uniqueName } from "../../support/redis.ts";
import { policyOf, vectors } from "./vectors.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const STORES: Record<string, (clock: Clock) => Store> = {
  "the twin": () => memoryStore(),
  "the .lua in Redis": ({ now }) => redisStore(clientAt(redis, now)),
  "the .lua in Redis, by its own clock": ({ now }) => redisStore(clientAt(redis, now), { clock: "redis" }),
};

describe.each(Object.entries(STORES))("in flight, run by %s", (_name, storeAt) => {
  test.each(vectors)("$title", async (vector) => {
    const clock = clockAt();
    let last: unknown;
    const limiter = createLimiter({
      name: uniqueName(),
      store: storeAt(clock),
      policies: [policyOf(vector)],
      snapshots: false,
      timeoutMs: 60_000,
      now: clock.now,
      onEvent: (event) => {
        if (event.type === "decision") last = event.decision;
      },
    });
    const held = new Map<string, Held>();
    for (const [at, call, done, remaining, retryAfterMs, resetAfterMs] of vector.rows) {
      clock.ms = MIDNIGHT + at;
      const [operation, id = "", cost = "1"] = call.split(" ");
      if (operation === "hold") {
        const decision = known(await limiter.hold("k", { id, cost: Number(cost) }));
        if (decision.allowed) held.set(id, decision as unknown as Held);
        expect(decision.allowed, `${call} at ${at}`).toBe(done);
      } else if (operation === "release") await held.get(id)?.release();
      else if (operation === "extend") expect(await held.get(id)?.extend(), `${call} at ${at}`).toBe(done);
      else expect((await limiter.peek("k", { cost: Number(id) })).allowed, `${call} at ${at}`).toBe(done);
      expect(last, `${call} at ${at}`).toMatchObject({ remaining, retryAfterMs, resetAfterMs });
    }
  });
});

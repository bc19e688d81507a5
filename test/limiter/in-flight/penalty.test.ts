import { allOf, createLimiter, fixedWindow, inFlight, memoryStore, penalty, redisStore } from "sluice";
import { ioredisClient } from "sluice/ioredis";
import { afterAll, expect, inject, test } from "vitest";
import { connect, uniqueName } from "../../support/redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

test.each([
  ["memory", () => memoryStore()],
  ["Redis", () => redisStore(ioredisClient(redis), { namespace: uniqueName() })],
])(
  "work beside a limiter with a penalty holds, releases, and holds nothing when that blocks, on %s",
  async (_name, store) => {
    const shared = { store: store(), snapshots: false, timeoutMs: 60_000 } as const;
    const jobs = createLimiter({ ...shared, name: "jobs", policies: [inFlight({ limit: 5, hold: "1 m" })] });
    const user = createLimiter({
      ...shared,
      name: "user",
      policies: [fixedWindow({ limit: 2, window: "1 d" }), penalty({ after: 1, within: "1 m", for: "1 h" })],
    });
    const all = allOf({ jobs, user });
    const key = { jobs: "acme", user: "ada" };
    const held = [await all.hold(key), await all.hold(key)];
    expect(held.map(({ allowed }) => allowed)).toEqual([true, true]);
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 3 });
    for (let i = 0; i < 3; i += 1) expect(await all.hold(key)).toMatchObject({ allowed: false, level: "user" });
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 3 });
    expect(await held[0]?.extend()).toBe(true);
    for (const hold of held) await hold.release();
    expect(await jobs.peek("acme")).toMatchObject({ remaining: 5 });
  },
);

import { afterAll, expect, inject, test } from "vitest";
import { calendar } from "../../../src/algorithm/calendar.ts";
import { parts } from "../../../src/algorithm/parts.ts";
import { fixedWindow, type Policy, slidingWindow } from "../../../src/algorithm/policy.ts";
import { allOf } from "../../../src/limiter/all-of.ts";
import { leases } from "../../../src/limiter/leases/leases.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import { ioredisClient } from "../../../src/store/ioredis.ts";
import { redisStore } from "../../../src/store/redis.ts";
import { clockAt } from "../../support/clock.ts";
import { known } from "../../support/known.ts";
import { connect, uniqueName } from "../../support/redis.ts";

const redis = await connect(inject("redisUrl"));
afterAll(() => redis.disconnect());

const BESIDE: Record<string, Policy> = {
  "a window in parts": slidingWindow({ name: "own", limit: 20, window: "10 s", parts: parts(4) }),
  "a day of the calendar": fixedWindow({ name: "own", limit: 20, window: calendar("1 day") }),
};

test.each(Object.entries(BESIDE))(
  "a limiter with leases beside %s: each counts as it does alone",
  async (_name, policy) => {
    const clock = clockAt();
    const run = uniqueName();
    const common = { store: redisStore(ioredisClient(redis)), now: clock.now, snapshots: false };
    const org = createLimiter({
      ...common,
      name: `${run}-org`,
      policies: [fixedWindow({ name: "all", limit: 1000, window: "10 s" })],
      leases: leases({ maxMs: 1000 }),
    });
    const user = createLimiter({ ...common, name: `${run}-user`, policies: [policy] });
    const all = allOf({ org, user });
    let admitted = 0;
    for (let i = 0; i < 60; i += 1) {
      const decision = known(await all.consume({ org: "o", user: "u" }));
      if (decision.allowed) admitted += 1;
      expect(known(await user.peek("u")).remaining).toBe(20 - admitted);
      clock.ms += 10;
    }
    expect(admitted).toBe(20);
  },
);

import { expect, test } from "vitest";
import { fixedWindow, tokenBucket } from "../../../src/algorithm/policy.ts";
import { allOf } from "../../../src/limiter/all-of.ts";
import { inFlight } from "../../../src/limiter/in-flight/policy.ts";
import { createLimiter } from "../../../src/limiter/limiter.ts";
import { known } from "../../support/known.ts";
import { MAX_MS, rigOf } from "./rig.ts";

const LIMIT = 100_000;
const PAUSE_MS = 5000;
/** Then leases have ended, and nothing is asked for ahead. */
const IDLE_MS = 3 * MAX_MS;
const hourly = fixedWindow({ name: "p", limit: LIMIT, window: "1 h" });

/** A limiter with leases that is used alone and, now and then, beside work in flight, where nothing is taken ahead. */
function usedBothWays(policy = hourly) {
  const rig = rigOf([policy]);
  const { clock, store, asked } = rig;
  const breaker = { failures: 1, pauseMs: PAUSE_MS, maxPauseMs: PAUSE_MS };
  const user = rig.isolate({ failureMode: "closed", breaker });
  const work = createLimiter({
    name: "work",
    store,
    policies: [inFlight({ limit: 100, hold: "1 m" })],
    now: clock.now,
  });
  const both = allOf({ work, user });
  const ask = {
    alone: () => user.consume("k"),
    together: () => both.hold({ work: "w", user: "k" }),
  };
  let admitted = 0;
  /** So many calls, one each ms; how many requests they took. */
  async function calls(many: number, how: (i: number) => keyof typeof ask = () => "alone"): Promise<number> {
    const before = asked.length;
    for (let i = 0; i < many; i += 1) {
      const decision = await ask[how(i)]();
      if (decision.allowed) admitted += 1;
      clock.ms += 1;
    }
    return asked.length - before;
  }
  /** What Redis counts more than was admitted, as another isolate sees it. */
  async function lost(): Promise<number> {
    const { burst, remaining } = known(await rig.isolate().peek("k"));
    return burst - remaining - admitted;
  }
  return { ...rig, user, calls, lost };
}

test("what was not used in time comes back with the next request that can bring it, after one that can't", async () => {
  const { calls, lost, clock } = usedBothWays();
  await calls(500);
  const held = await lost();
  expect(held).toBeGreaterThan(100);
  clock.ms += IDLE_MS;
  await calls(1, () => "together");
  expect(await lost()).toBe(held);
  await calls(1);
  expect(await lost()).toBe(0);
});

test("a request that can't ask for more keeps no later one from it", async () => {
  const { calls, clock } = usedBothWays();
  await calls(500);
  clock.ms += MAX_MS / 2;
  const alone = await calls(100);
  clock.ms += MAX_MS / 2;
  // The units held have ended by the first call.
  const mixed = await calls(100, (i) => (i === 0 ? "together" : "alone"));
  expect(mixed).toBeLessThanOrEqual(alone + 3);
});

test("nor is it lost with one that was not sent, since the breaker was open", async () => {
  const { calls, lost, clock, store, user } = usedBothWays();
  await calls(500);
  expect(await lost()).toBeGreaterThan(100);
  const { step } = store;
  Object.assign(store, { step: async () => Promise.reject(new Error("connect ECONNREFUSED")) });
  // It ends what is held, which is to come back.
  expect(await user.charge("k", 1)).toMatchObject({ source: "fallback" });
  Object.assign(store, { step });
  await calls(10);
  clock.ms += PAUSE_MS;
  await calls(1);
  expect(await lost()).toBe(0);
});

test("in a bucket, too: less what has refilled since", async () => {
  const { calls, lost, clock } = usedBothWays(
    tokenBucket({ name: "p", limit: 3600, window: "1 h", burst: LIMIT + 10 }),
  );
  await calls(500);
  const held = await lost();
  clock.ms += IDLE_MS;
  await calls(1, () => "together");
  await calls(1);
  expect(await lost()).toBeLessThan(held / 10);
});

import { createLimiter, fixedWindow, memoryStore, type Policy, slidingWindow, tokenBucket } from "sluice";
import { createFetch, spread } from "sluice/client";
import { withRateLimit } from "sluice/fetch";
import { describe, expect, test } from "vitest";
import { randomFrom } from "../../support/random.ts";
import { virtualTime } from "../../support/virtual-time.ts";
import { type CrowdFigures, crowd } from "./crowd.ts";

const LIMIT = 1000;
const WINDOW_MS = 10_000;

/** 100 clients that want four times the quota, on a virtual clock, before a real limiter. */
async function measured(policy: Policy, how: "spread" | "wait" | "plain", seed: number): Promise<CrowdFigures> {
  const time = virtualTime();
  const random = randomFrom(seed).next;
  const limiter = createLimiter({ name: "test", store: memoryStore(), policies: [policy], now: time.now });
  const handler = withRateLimit(() => new Response("served"), { limiter, key: () => "all" });
  const { now, sleep } = time;
  return time.run(
    crowd({
      clients: 100,
      perSecond: LIMIT / (WINDOW_MS / 1000),
      wanted: 4,
      fromMs: WINDOW_MS,
      toMs: 5 * WINDOW_MS,
      now,
      sleep,
      random,
      async send(input, init) {
        await sleep(2 + 8 * random());
        const response = await handler(new Request(input, init));
        await sleep(2 + 8 * random());
        return response;
      },
      fetchOf: (send) =>
        how === "plain"
          ? send
          : createFetch({ fetch: send, spread: how === "spread" ? spread : undefined, now, sleep, random }),
    }),
  );
}

const options = { name: "a", limit: LIMIT, window: WINDOW_MS };

describe.each([
  ["a token bucket", tokenBucket(options)],
  ["a fixed window", fixedWindow(options)],
  ["a sliding window", slidingWindow(options)],
])("100 clients that want four times the quota of %s", (_, policy) => {
  test.each([1, 2, 3])("with spread use it up and are hardly ever denied (seed %i)", async (seed) => {
    const figures = await measured(policy, "spread", seed);
    expect(figures.used).toBeGreaterThan(0.97);
    expect(figures.denied).toBeLessThan(0.03);
    expect(figures.deniedFromStart).toBeLessThan(0.03);
  });
});

test("without a client like this most requests are denied; waiting alone denies fewer, but does not keep them apart", async () => {
  const policy = tokenBucket(options);
  const plain = await measured(policy, "plain", 1);
  const wait = await measured(policy, "wait", 1);
  expect(plain.denied).toBeGreaterThan(0.7);
  expect(wait.denied).toBeLessThan(0.6);
});

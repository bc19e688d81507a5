import { createLimiter, slidingWindow, tokenBucket } from "sluice";
import { exhaust, testClock, testStore } from "sluice/testing";
import { limiterMatchers } from "sluice/testing/vitest";
import { expect, test } from "vitest";

expect.extend(limiterMatchers);

/** The limiter of the app, which takes its store and its clock from outside. */
const createApiLimiter = (store = testStore(), now = Date.now) =>
  createLimiter({
    name: "api",
    store,
    now,
    policies: [
      tokenBucket({ name: "burst", limit: 5, window: "10 s" }),
      slidingWindow({ name: "hourly", limit: 100, window: "1 h" }),
    ],
  });

test("who has used the burst up waits for the next token", async () => {
  const clock = testClock();
  const limiter = createApiLimiter(testStore(), clock.now);
  await exhaust(limiter, "alice", { policy: "burst" });
  expect(await limiter.consume("alice")).toBeDenied({ policy: "burst", retryAfterMs: 2000 });
  clock.advance("2 s");
  expect(await limiter.consume("alice")).toBeAllowed();
});

test("each user has a quota of their own", async () => {
  const store = testStore();
  const limiter = createApiLimiter(store);
  await exhaust(limiter, "alice");
  expect(await limiter.consume("bob")).toHaveRemaining(4, "burst");
  expect(store.keys()).toEqual(["api:b10s+s1h:alice", "api:b10s+s1h:bob"]);
});

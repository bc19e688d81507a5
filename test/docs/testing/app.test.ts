import { Hono } from "hono";
import { createLimiter, type Store, slidingWindow } from "sluice";
import { rateLimit } from "sluice/hono";
import { exhaust, outageStore, testStore } from "sluice/testing";
import { limiterMatchers } from "sluice/testing/vitest";
import { expect, test } from "vitest";

expect.extend(limiterMatchers);

function createApp(store: Store) {
  const limiter = createLimiter({
    name: "login",
    store,
    policies: [slidingWindow({ name: "attempts", limit: 5, window: "15 m" })],
    failureMode: "closed",
  });
  const app = new Hono();
  app.use(rateLimit({ limiter, key: (c) => c.req.header("x-user") ?? "nobody" }));
  app.post("/login", (c) => c.text("in"));
  return { app, limiter };
}

const login = { method: "POST", headers: { "x-user": "alice" } };

test("the sixth attempt is denied", async () => {
  const { app, limiter } = createApp(testStore());
  expect((await app.request("/login", login)).status).toBe(200);
  await exhaust(limiter, "alice");
  expect(await app.request("/login", login)).toBeRateLimited({ policy: "attempts" });
});

test("nobody signs in while attempts can't be counted", async () => {
  const store = outageStore("timeout");
  const { app } = createApp(store);
  expect((await app.request("/login", login)).status).toBe(503);
  store.isDown = false;
});

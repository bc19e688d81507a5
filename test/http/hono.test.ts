import { Hono } from "hono";
import { createLimiter, type Decision, memoryStore, tokenBucket } from "sluice";
import { rateLimit } from "sluice/hono";
import { describe, expect, test } from "vitest";
import { brokenStore, fields, limiterOf } from "./setup.js";

describe("rateLimit", () => {
  test("lets pass what the policy allows and answers the rest with 429", async () => {
    const { clock, limiter } = limiterOf();
    const app = new Hono()
      .use(rateLimit({ limiter, key: (c) => c.req.query("user") }))
      .get("/", (c) => c.text("served"));

    const statuses = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await app.request("/?user=a")).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await app.request("/?user=b")).status).toBe(200);

    const denied = await app.request("/?user=a");
    expect(await denied.text()).not.toContain("served");
    clock.advance(Number(denied.headers.get("Retry-After")) * 1000);
    expect((await app.request("/?user=a")).status).toBe(200);
  });

  test("sends the draft's fields on both", async () => {
    const { limiter } = limiterOf([tokenBucket({ name: "bucket", limit: 2, window: "10 s" })]);
    const app = new Hono().use(rateLimit({ limiter, key: () => "k" })).get("/", (c) => c.text("served"));

    expect(fields(await app.request("/"))).toEqual({
      "ratelimit-policy": '"bucket";q=2;w=10',
      ratelimit: '"bucket";r=1;t=5',
    });
    await app.request("/");
    expect(fields(await app.request("/"))).toEqual({
      "ratelimit-policy": '"bucket";q=2;w=10',
      ratelimit: '"bucket";r=0;t=5',
      "retry-after": "5",
    });
  });

  test("tells the handler what was decided", async () => {
    const { limiter } = limiterOf();
    const seen: (Decision | undefined)[] = [];
    const app = new Hono().use(rateLimit({ limiter, key: () => "k", skip: (c) => c.req.path === "/open" })).all((c) => {
      seen.push(c.get("rateLimit"));
      return c.text("served");
    });
    await app.request("/");
    await app.request("/open");
    expect(seen).toMatchObject([{ allowed: true, remaining: 1, policy: "pair" }, undefined]);
  });

  test("makes the limiter at the first request, from its context, and keeps it", async () => {
    type Bindings = { LIMIT: number };
    const made: number[] = [];
    const app = new Hono<{ Bindings: Bindings }>()
      .use(
        rateLimit({
          limiter: (c) => {
            made.push(c.env.LIMIT);
            return createLimiter({
              store: memoryStore(),
              policies: [tokenBucket({ limit: c.env.LIMIT, window: "1 h" })],
            });
          },
          key: () => "k",
        }),
      )
      .get("/", (c) => c.text("served"));
    expect(made).toEqual([]);
    const statuses = [];
    for (let i = 0; i < 4; i += 1) statuses.push((await app.request("/", {}, { LIMIT: 3 })).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect(made).toEqual([3]);
  });

  test("answers 503 if the store can't be asked and the failure mode is closed", async () => {
    const { limiter } = limiterOf(undefined, { store: brokenStore, failureMode: "closed" });
    const app = new Hono().use(rateLimit({ limiter, key: () => "k" })).get("/", (c) => c.text("served"));
    const response = await app.request("/");
    expect(response.status).toBe(503);
    expect(fields(response)).toEqual({ "retry-after": "1" });
  });
});

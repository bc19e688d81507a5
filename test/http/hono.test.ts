import { Context, Hono } from "hono";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { streamText } from "hono/streaming";
import { createLimiter, type Decision, type DecisionEvent, fixedWindow, memoryStore, tokenBucket } from "sluice";
import { exposedHeaders, rateLimit } from "sluice/hono";
import { describe, expect, test, vi } from "vitest";
import { brokenStore, fields, limiterOf } from "./setup.ts";

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
              name: "test",
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

  test("several limits in one app each add their fields and have their own variable", async () => {
    const { limiter: all } = limiterOf([fixedWindow({ name: "all", limit: 9, window: "1 m" })]);
    const { limiter: login } = limiterOf([fixedWindow({ name: "login", limit: 1, window: "1 m" })]);
    const app = new Hono()
      .use(rateLimit({ limiter: all, key: () => "k" }))
      .use("/login", rateLimit({ limiter: login, key: () => "k", variable: "login" }))
      .all("*", (c) => c.json([c.get("rateLimit")?.policy, c.get("login")?.policy]));

    const [first, denied, elsewhere] = [
      await app.request("/login"),
      await app.request("/login"),
      await app.request("/"),
    ];
    expect(await first.json()).toEqual(["all", "login"]);
    expect(first.headers.get("RateLimit")).toBe('"login";r=0;t=20, "all";r=8;t=20');
    expect(denied.status).toBe(429);
    expect(denied.headers.get("RateLimit")).toBe('"login";r=0;t=20, "all";r=7;t=20');
    expect(elsewhere.headers.get("RateLimit-Policy")).toBe('"all";q=9;w=60');
  });

  test("adds to the fields of a response that came from elsewhere, though it is immutable", async () => {
    const upstream = await fetch("data:text/plain,upstream");
    expect(() => upstream.headers.set("RateLimit", "x")).toThrow(TypeError);
    const { limiter } = limiterOf();
    const app = new Hono()
      .use(rateLimit({ limiter, key: () => "outer" }))
      .use(rateLimit({ limiter, key: () => "inner" }))
      .get("/", () => upstream);
    const response = await app.request("/");
    expect(response.headers.get("RateLimit")).toBe('"pair";r=1;t=20, "pair";r=1;t=20');
    expect(await response.text()).toBe("upstream");
  });

  test("reaches responses to errors, and pages that don't exist", async () => {
    const { limiter } = limiterOf([fixedWindow({ name: "w", limit: 9, window: "1 m" })]);
    const app = new Hono()
      .use(rateLimit({ limiter, key: () => "k" }))
      .get("/teapot", () => {
        throw new HTTPException(418);
      })
      .get("/error", () => {
        throw new Error("broken");
      })
      .onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text(error.message, 500)));
    for (const [path, status, left] of [
      ["/teapot", 418, 8],
      ["/error", 500, 7],
      ["/missing", 404, 6],
    ] as const) {
      const response = await app.request(path);
      expect([response.status, response.headers.get("RateLimit")]).toEqual([status, `"w";r=${left};t=20`]);
    }
  });

  test("behind cors(), preflights cost nothing and scripts can read denials", async () => {
    const { limiter } = limiterOf([fixedWindow({ name: "w", limit: 1, window: "1 m" })]);
    const app = new Hono()
      .use(cors({ origin: "https://app.test", exposeHeaders: exposedHeaders() }))
      .use(rateLimit({ limiter, key: () => "k" }))
      .all("*", (c) => c.text("served"));
    const from = (method: string) =>
      app.request("/", { method, headers: { Origin: "https://app.test", "Access-Control-Request-Method": "GET" } });
    expect((await from("OPTIONS")).status).toBe(204);
    expect((await from("GET")).status).toBe(200);
    const denied = await from("GET");
    expect(denied.status).toBe(429);
    expect(denied.headers.get("Access-Control-Allow-Origin")).toBe("https://app.test");
    expect(denied.headers.get("Access-Control-Expose-Headers")).toBe("Retry-After,RateLimit,RateLimit-Policy");
    expect((await from("OPTIONS")).status).toBe(204);
  });

  test("streams go through", async () => {
    const { limiter } = limiterOf();
    const app = new Hono().use(rateLimit({ limiter, key: () => "k" })).get("/", (c) =>
      streamText(c, async (stream) => {
        for (const word of ["a", "b", "c"]) await stream.write(word);
      }),
    );
    const response = await app.request("/");
    expect(response.headers.get("RateLimit")).toBe('"pair";r=1;t=20');
    expect(await response.text()).toBe("abc");
  });

  test("refundOn runs behind the response where the platform has waitUntil, else before it", async () => {
    const { limiter } = limiterOf();
    const finished: string[] = [];
    const app = new Hono<{ Bindings: object }>()
      .use(
        rateLimit({
          limiter,
          key: () => "k",
          refundOn: async () => {
            await new Promise((resolve) => setImmediate(resolve));
            finished.push("refund");
            return true;
          },
        }),
      )
      .get("/", (c) => c.text("served"));

    const tasks: Promise<unknown>[] = [];
    const executionCtx = {
      waitUntil: (task: Promise<unknown>) => tasks.push(task),
      passThroughOnException() {},
      props: {},
    };
    await app.request("/", {}, {}, executionCtx as never);
    finished.push("response");
    await Promise.all(tasks);
    expect([finished, tasks.length]).toEqual([["response", "refund"], 1]);

    await app.request("/");
    finished.push("response");
    expect(finished.slice(2)).toEqual(["refund", "response"]);
    expect(await limiter.peek("k")).toMatchObject({ remaining: 2 });
  });

  test("the platform's waitUntil goes with every call, looked up where something needs it", async () => {
    const lookUps = vi.spyOn(Context.prototype, "executionCtx", "get");
    const tasks: Promise<unknown>[] = [];
    const executionCtx = { waitUntil: (task: Promise<unknown>) => tasks.push(task) };
    const given: unknown[] = [];
    const onEvent = ({ waitUntil }: DecisionEvent) => void given.push(waitUntil?.(Promise.resolve()));
    const { limiter } = limiterOf();
    const { limiter: observed } = limiterOf(undefined, { onEvent: (event) => onEvent(event as DecisionEvent) });
    const app = new Hono<{ Bindings: object }>()
      .use("/quiet", rateLimit({ limiter, key: () => "k" }))
      .use("/observed", rateLimit({ limiter: observed, key: () => "k" }))
      .all("*", (c) => c.text("served"));
    await app.request("/quiet", {}, {}, executionCtx as never);
    await app.request("/quiet");
    expect(lookUps).not.toHaveBeenCalled();
    await app.request("/observed", {}, {}, executionCtx as never);
    expect([given, tasks.length]).toEqual([[1], 1]);
    await app.request("/observed");
    expect(given).toEqual([1, undefined]);
    lookUps.mockRestore();
  });

  test("an error of onDenied or key is the app's to answer", async () => {
    const { limiter } = limiterOf([fixedWindow({ limit: 1, window: "1 m" })]);
    const app = new Hono()
      .use(
        rateLimit({
          limiter,
          key: () => "k",
          onDenied: () => {
            throw new HTTPException(451);
          },
        }),
      )
      .get("/", (c) => c.text("served"));
    expect((await app.request("/")).status).toBe(200);
    expect((await app.request("/")).status).toBe(451);
  });
});

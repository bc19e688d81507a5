import { Hono } from "hono";
import { createLimiter, fixedWindow, type Limiter, memoryStore, tokenBucket } from "sluice";
import { legacyFields, standardFields, withRateLimit } from "sluice/fetch";
import { type HonoRateLimitOptions, rateLimit } from "sluice/hono";
import { describe, expect, test } from "vitest";
import type { RateLimitOptions } from "../../src/http/options.ts";
import { interruptible } from "../support/interruptible.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";
import { brokenStore, fields, limiterOf, passedClock } from "./setup.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/** The options that read the same in both shapes. */
type Options = Omit<RateLimitOptions<unknown, [], unknown>, "key" | "skip">;

const shapes: Record<string, (options: Options, handler: Handler) => (request: Request) => Promise<Response>> = {
  rateLimit: (options, handler) => {
    const app = new Hono()
      .use(rateLimit({ ...options, key: () => "k" }))
      .all("*", (c) => handler(c.req.raw))
      .onError((error) => new Response(error.message, { status: 500 }));
    return async (request) => app.request(request);
  },
  withRateLimit: (options, handler) =>
    withRateLimit((request: Request, _info?: unknown) => handler(request), { ...options, key: () => "k" }),
};

const request = (init?: RequestInit) => new Request("https://api.test/", init);
const one = () => limiterOf([fixedWindow({ name: "one", limit: 1, window: "1 m" })]);

describe.each(Object.entries(shapes))("%s", (_name, shape) => {
  /** A handler that counts its calls. */
  function counted(options: Options, respond: Handler = () => new Response("served")) {
    let calls = 0;
    const handler = shape(options, (request) => {
      calls += 1;
      return respond(request);
    });
    return { handler, calls: () => calls };
  }

  describe("a denial", () => {
    test("is a problem document that names what was violated", async () => {
      const { limiter } = limiterOf([
        fixedWindow({ name: "short", limit: 1, window: "10 s" }),
        fixedWindow({ name: "long", limit: 9, window: "1 h" }),
      ]);
      const { handler, calls } = counted({ limiter });
      await handler(request());
      const response = await handler(request());
      expect([response.status, response.headers.get("Content-Type")]).toEqual([429, "application/problem+json"]);
      expect(await response.json()).toEqual({
        type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
        title: "Quota Exceeded",
        status: 429,
        detail: "Try again in 10 s.",
        "violated-policies": ["short"],
        "retry-after": 10,
      });
      expect(calls()).toBe(1);
    });

    test("of a cost that can never pass promises nothing", async () => {
      const { handler } = counted({ limiter: one().limiter, cost: 2 });
      const response = await handler(request());
      expect(response.headers.has("Retry-After")).toBe(false);
      expect(await response.json()).toMatchObject({
        status: 429,
        detail: "Waiting does not help.",
      });
    });

    test.each([
      ["text/plain", true],
      ["TEXT/PLAIN; charset=utf-8", true],
      ["text/*", true],
      ["text/plain, */*;q=0.1", true],
      ["application/json", false],
      ["application/problem+json, text/plain;q=0.9", false],
      ["text/plain;q=0.5, application/json", false],
      ["*/*", false],
      ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false],
      ["", false],
    ])("for Accept: %s is text: %s", async (accept, text) => {
      const { handler } = counted({ limiter: one().limiter });
      await handler(request());
      const response = await handler(request({ headers: { Accept: accept } }));
      expect(response.headers.get("Content-Type")).toBe(
        text ? "text/plain; charset=utf-8" : "application/problem+json",
      );
      const body = await response.text();
      expect(body.includes("{")).toBe(!text);
      expect(body).toContain("Try again in 20 s.");
    });

    test("of a HEAD request has the same header and no body", async () => {
      const { handler } = counted({ limiter: one().limiter });
      await handler(request());
      const [head, get] = [await handler(request({ method: "HEAD" })), await handler(request())];
      expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(get.headers));
      expect([head.status, await head.text()]).toEqual([429, ""]);
    });

    test("is answered by onDenied, with the same fields", async () => {
      const { handler } = counted({
        limiter: one().limiter,
        onDenied: (_subject, decision) => new Response(`wait ${decision.retryAfterMs}`, { status: 420 }),
      });
      await handler(request());
      const response = await handler(request());
      expect([response.status, await response.text()]).toEqual([420, "wait 20000"]);
      expect(fields(response)).toEqual({
        "retry-after": "20",
        "ratelimit-policy": '"one";q=1;w=60',
        ratelimit: '"one";r=0;t=20',
      });
    });

    test("keeps the Retry-After that onDenied chose, and its immutable responses work", async () => {
      const { handler } = counted({
        limiter: one().limiter,
        onDenied: async () => Response.redirect("https://api.test/slow", 303),
      });
      const own = counted({
        limiter: one().limiter,
        onDenied: () => new Response(null, { status: 429, headers: { "Retry-After": "99" } }),
      });
      for (const each of [handler, own.handler]) await each(request());
      const redirect = await handler(request());
      expect([redirect.status, redirect.headers.get("Location")]).toEqual([303, "https://api.test/slow"]);
      expect(redirect.headers.get("Retry-After")).toBe("20");
      expect((await own.handler(request())).headers.get("Retry-After")).toBe("99");
    });

    test("where onDenied only takes note is the usual one", async () => {
      const seen: number[] = [];
      const { handler } = counted({
        limiter: one().limiter,
        onDenied: (_subject, { retryAfterMs }) => {
          seen.push(retryAfterMs);
        },
      });
      await handler(request());
      expect((await handler(request())).status).toBe(429);
      expect(seen).toEqual([20_000]);
    });
  });

  describe("a store that can't be asked", () => {
    test("closed: 503, Retry-After, a problem and no quota", async () => {
      const { limiter } = limiterOf(undefined, { store: brokenStore, failureMode: "closed" });
      const { handler, calls } = counted({ limiter, headers: [standardFields, legacyFields] });
      const response = await handler(request());
      expect(response.status).toBe(503);
      expect(fields(response)).toEqual({ "retry-after": "1" });
      expect(await response.json()).toEqual({
        type: "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
        title: "Temporary Reduced Capacity",
        status: 503,
        detail: "Try again in 1 s.",
        "retry-after": 1,
      });
      expect(calls()).toBe(0);
    });

    test("open: served, without any quota", async () => {
      const { limiter } = limiterOf(undefined, { store: brokenStore });
      const response = await counted({ limiter, headers: [standardFields, legacyFields] }).handler(request());
      expect([response.status, fields(response)]).toEqual([200, {}]);
    });

    test("memory: this isolate's counts are told", async () => {
      const { limiter } = limiterOf(undefined, { store: brokenStore, failureMode: "memory" });
      const response = await counted({ limiter }).handler(request());
      expect(response.headers.get("RateLimit")).toBe('"pair";r=1;t=20');
    });
  });

  describe("options", () => {
    test("headers: false leaves Retry-After on denials", async () => {
      const { handler } = counted({ limiter: one().limiter, headers: false });
      expect(fields(await handler(request()))).toEqual({});
      expect(fields(await handler(request()))).toEqual({ "retry-after": "20" });
    });

    test("both sends the standard and the legacy fields", async () => {
      const { handler } = counted({ limiter: one().limiter, headers: [standardFields, legacyFields] });
      expect(Object.keys(fields(await handler(request()))).sort()).toEqual([
        "ratelimit",
        "ratelimit-policy",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
      ]);
    });

    test("cost and limit, by request and by policy", async () => {
      const { limiter } = limiterOf([
        fixedWindow({ name: "requests", limit: 10, window: "1 m" }),
        fixedWindow({ name: "bytes", limit: 100, window: "1 m" }),
      ]);
      const { handler } = counted({
        limiter,
        cost: async () => ({ requests: 1, bytes: 60 }),
        limit: () => ({ bytes: 150 }),
      });
      const statuses: number[] = [];
      for (let i = 0; i < 3; i += 1) statuses.push((await handler(request())).status);
      expect(statuses).toEqual([200, 200, 429]);
      expect((await handler(request())).headers.get("RateLimit-Policy")).toBe(
        '"requests";q=10;w=60, "bytes";q=150;w=60',
      );
      const plain = counted({ limiter, cost: 1, limit: () => undefined });
      expect((await plain.handler(request())).headers.get("RateLimit-Policy")).toBe(
        '"requests";q=10;w=60, "bytes";q=100;w=60',
      );
    });

    test("dryRun counts, but serves and tells nothing", async () => {
      const { limiter } = one();
      const { handler, calls } = counted({ limiter, dryRun: true });
      for (let i = 0; i < 3; i += 1) {
        const response = await handler(request());
        expect([response.status, fields(response)]).toEqual([200, {}]);
      }
      expect(calls()).toBe(3);
      expect((await limiter.peek("k")).allowed).toBe(false);
    });
  });

  describe("refundOn", () => {
    test("gives the cost back by the response, with the same limits", async () => {
      const { limiter } = limiterOf([tokenBucket({ name: "login", limit: 5, window: "1 m" })]);
      let status = 200;
      const { handler } = counted(
        { limiter, cost: 2, limit: 6, refundOn: (response) => response.ok },
        () => new Response(null, { status }),
      );
      for (let i = 0; i < 9; i += 1) expect((await handler(request())).status).toBe(200);
      status = 401;
      const statuses: number[] = [];
      for (let i = 0; i < 5; i += 1) statuses.push((await handler(request())).status);
      expect(statuses).toEqual([401, 401, 401, 429, 429]);
    });

    test("is not asked where nothing was taken", async () => {
      const asked: number[] = [];
      const refundOn = (response: Response) => asked.push(response.status) > 0;
      const denied = counted({
        limiter: limiterOf([fixedWindow({ limit: 1, window: "1 m" })]).limiter,
        cost: 2,
        refundOn,
      });
      await denied.handler(request());
      const dry = counted({ limiter: one().limiter, cost: 2, refundOn, dryRun: true });
      await dry.handler(request());
      const open = counted({ limiter: limiterOf(undefined, { store: brokenStore }).limiter, refundOn });
      await open.handler(request());
      expect(asked).toEqual([]);
    });

    test("gives back to whoever took: what only memory took in an outage is not given to the store", async () => {
      const clock = passedClock();
      const redis = simulatedRedis(clock.now);
      const store = interruptible(redis);
      const policies = [fixedWindow({ name: "login", limit: 5, window: "1 m" })];
      const options = { name: "login", policies, now: clock.now, breaker: false, failureMode: "memory" } as const;
      const here = createLimiter({ ...options, store });
      const elsewhere = createLimiter({ ...options, store: redis });
      let outageEnds = false;
      const { handler } = counted({ limiter: here, refundOn: (response) => response.ok }, () => {
        if (outageEnds) store.down = false;
        return new Response(null, { status: outageEnds ? 200 : 401 });
      });
      for (let i = 0; i < 5; i += 1) await elsewhere.consume("k");
      store.down = true;
      outageEnds = true;
      expect((await handler(request())).status).toBe(200);
      outageEnds = false;
      expect((await handler(request())).status).toBe(429);
    });

    test("may read a clone of the body, and the client still gets it", async () => {
      const { limiter } = one();
      const { handler } = counted(
        { limiter, refundOn: async (response) => (await response.clone().text()) === "free" },
        () => {
          return new Response("free");
        },
      );
      expect(await (await handler(request())).text()).toBe("free");
      expect(await (await handler(request())).text()).toBe("free");
    });
  });

  describe("responses", () => {
    test("stream on: the body is not read", async () => {
      const pulled: number[] = [];
      const body = () =>
        new ReadableStream(
          {
            pull(controller) {
              pulled.push(pulled.length);
              controller.enqueue(new TextEncoder().encode(`${pulled.length};`));
              if (pulled.length === 3) controller.close();
            },
          },
          { highWaterMark: 0 },
        );
      const { handler } = counted({ limiter: one().limiter }, () => new Response(body()));
      const response = await handler(request());
      expect([pulled, response.headers.get("RateLimit")]).toEqual([[], '"one";r=0;t=20']);
      expect(await response.text()).toBe("1;2;3;");
    });

    test("that are immutable are copied, with cookies, status and fields", async () => {
      const { handler } = counted({ limiter: one().limiter }, () => {
        const response = Response.redirect("https://api.test/next", 307);
        expect(() => response.headers.set("X-Test", "1")).toThrow(TypeError);
        return response;
      });
      const response = await handler(request());
      expect([response.status, fields(response)]).toEqual([
        307,
        { location: "https://api.test/next", "ratelimit-policy": '"one";q=1;w=60', ratelimit: '"one";r=0;t=20' },
      ]);
    });

    test("that are constants of their module hold no request's fields", async () => {
      const constant = new Response(null, { status: 204, headers: { "X-Kind": "constant" } });
      const { handler } = counted({ limiter: limiterOf().limiter }, () => constant);
      for (const left of [1, 0]) {
        const response = await handler(request());
        expect([response.status, fields(response)]).toEqual([
          204,
          { "x-kind": "constant", "ratelimit-policy": '"pair";q=2;w=60', ratelimit: `"pair";r=${left};t=20` },
        ]);
      }
      expect(fields(constant)).toEqual({ "x-kind": "constant" });
    });

    test("that can be changed keep their identity and their cookies", async () => {
      const served = new Response("served", { status: 201 });
      for (const name of ["a", "b"]) served.headers.append("Set-Cookie", `${name}=1; Path=/, ok`);
      const { handler } = counted({ limiter: one().limiter }, () => served);
      const response = await handler(request());
      expect(response).toBe(served);
      expect([response.status, response.headers.getSetCookie()]).toEqual([201, ["a=1; Path=/, ok", "b=1; Path=/, ok"]]);
    });

    test.each([101, 0])("of status %i pass untouched", async (status) => {
      const upgrade = Object.defineProperty(new Response(null), "status", { value: status });
      const { handler } = counted({ limiter: one().limiter }, () => upgrade);
      const response = await handler(request({ headers: { Upgrade: "websocket", Connection: "Upgrade" } }));
      expect(response).toBe(upgrade);
      expect(fields(response)).toEqual({});
    });
  });

  test("a denied upgrade is an ordinary 429", async () => {
    const { handler } = counted({ limiter: one().limiter });
    await handler(request());
    expect((await handler(request({ headers: { Upgrade: "websocket" } }))).status).toBe(429);
  });

  test("every method counts", async () => {
    const { handler } = counted({ limiter: limiterOf([fixedWindow({ limit: 3, window: "1 m" })]).limiter });
    const statuses: number[] = [];
    for (const method of ["OPTIONS", "HEAD", "POST", "GET"]) statuses.push((await handler(request({ method }))).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
  });

  test("a made limiter that failed is made again", async () => {
    const { limiter } = one();
    let tries = 0;
    const { handler } = counted({
      limiter: () => {
        tries += 1;
        if (tries === 1) throw new Error("no token yet");
        return limiter;
      },
      onError: () => {},
    });
    const outcomes: unknown[] = [];
    for (let i = 0; i < 3; i += 1) outcomes.push(await handler(request()).then((response) => response.status, String));
    expect(outcomes.slice(1)).toEqual([200, 429]);
    expect(tries).toBe(2);
  });
});

describe("misuse", () => {
  const make = (options: object) => () => withRateLimit(() => new Response(), options as { limiter: Limiter });
  const { limiter } = one();

  test.each([
    [{}, "limiter must be a limiter or a function that makes one, not undefined"],
    [{ limiter: memoryStore() }, "limiter must be a limiter or a function that makes one, not an object"],
    [{ limiter, headers: "legacy" }, 'headers must be standardFields or its like, or false, not "legacy"'],
    [{ limiter, headers: [standardFields, 5] }, "headers must be standardFields or its like, or false, not 5"],
    [{ limiter, headers: "toString" }, 'not "toString"'],
    [{ limiter, headers: true }, "not true"],
    [{ limiter, key: "ip" }, 'key must be a function, not "ip"'],
    [{ limiter, skip: true }, "skip must be a function, not true"],
    [{ limiter, onDenied: {} }, "onDenied must be a function, not an object"],
    [{ limiter, refundOn: 401 }, "refundOn must be a function, not 401"],
    [{ limiter, keyGenerator: () => "k" }, "There is no option keyGenerator"],
    [{ limiter, onError: "open" }, 'onError must be a function, not "open"'],
  ])("%j throws at once", (options, message) => {
    expect(make(options as object)).toThrow(message);
    expect(() => rateLimit(options as unknown as HonoRateLimitOptions<object>)).toThrow(message);
  });

  test("a wrong key or cost throws at the request, by name", async () => {
    const wrong = (options: object) =>
      withRateLimit(() => new Response(), { limiter, key: () => "k", ...options })(request());
    await expect(wrong({ key: () => 5 })).rejects.toThrow("key must be text");
    await expect(wrong({ cost: () => -1 })).rejects.toThrow("cost must be a whole number");
    await expect(wrong({ cost: Number.NaN })).rejects.toThrow("cost must be a whole number");
    await expect(wrong({ limit: () => "10" })).rejects.toThrow("limit must be a whole number");
  });
});

import { setImmediate as nextTurn } from "node:timers/promises";
import fastify from "fastify";
import {
  allOf,
  anyOf,
  createLimiter,
  fixedWindow,
  type Limiter,
  type LimiterOptions,
  memoryStore,
  StoreError,
  slidingWindow,
} from "sluice";
import {
  bearer,
  clientIp,
  compose,
  cookie,
  draft7Fields,
  fastifyRateLimit,
  firstOf,
  hashed,
  header,
  legacyFields,
  path,
  rateLimitOf,
} from "sluice/node";
import { afterEach, describe, expect, test, vi } from "vitest";
import { limiterOf } from "../setup.ts";
import { type CommonOptions, FRAMEWORKS, type Handle, type Running, telling } from "./frameworks.ts";

const pair = (options: Partial<LimiterOptions> = {}) => limiterOf(undefined, options).limiter;
const key = () => "k";

describe.each(Object.keys(FRAMEWORKS))("%s", (name) => {
  let running: Running | undefined;

  afterEach(async () => {
    await running?.close();
    running = undefined;
    vi.restoreAllMocks();
  });

  /** Serves the app behind these limits and returns what asks it. */
  async function serving(
    limits: CommonOptions | CommonOptions[],
    more: { handle?: Handle; trustProxy?: boolean } = {},
  ) {
    const start = FRAMEWORKS[name] as (typeof FRAMEWORKS)[string];
    running = await start({ limits: [limits].flat(), handle: telling, ...more });
    const { url } = running;
    return (path = "/api/a", init?: RequestInit) => fetch(url + path, { redirect: "manual", ...init });
  }

  test("served requests tell the quota, denied ones get a problem document", async () => {
    const ask = await serving({ limiter: pair(), key });
    const first = await ask();
    expect([first.status, await first.text()]).toEqual([200, "pair true"]);
    expect(first.headers.get("RateLimit-Policy")).toBe('"pair";q=2;w=60');
    expect(first.headers.get("RateLimit")).toMatch(/^"pair";r=1;t=\d+$/);
    expect(first.headers.get("Content-Type")).toMatch(/^text\/plain/);
    await ask();
    const denied = await ask();
    expect(denied.status).toBe(429);
    expect(denied.headers.get("Content-Type")).toBe("application/problem+json");
    expect(Number(denied.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(denied.headers.get("RateLimit")).toMatch(/^"pair";r=0;t=\d+$/);
    expect(await denied.json()).toMatchObject({ status: 429, "violated-policies": ["pair"] });
    expect((await ask("/free")).headers.has("RateLimit")).toBe(false);
  });

  test("a denial is text for whom text is enough, and HEAD gets no body", async () => {
    const ask = await serving({ limiter: pair(), key });
    await ask();
    await ask();
    const text = await ask("/api/a", { headers: { Accept: "text/plain" } });
    expect(text.headers.get("Content-Type")).toBe("text/plain; charset=utf-8");
    expect(await text.text()).toMatch(/^Quota Exceeded\. Try again in \d+ s\.\n$/);
    const head = await ask("/api/a", { method: "HEAD" });
    expect([head.status, await head.text(), head.headers.has("Retry-After")]).toEqual([429, "", true]);
  });

  test("several limits add up, in a denial, too", async () => {
    const wide = limiterOf([slidingWindow({ name: "wide", limit: 9, window: "1 h" })]).limiter;
    const ask = await serving([
      { limiter: wide, key },
      { limiter: pair(), key },
    ]);
    expect((await ask()).headers.get("RateLimit")).toMatch(/^"wide";r=8;t=\d+, "pair";r=1;t=\d+$/);
    await ask();
    const denied = await ask();
    expect(denied.status).toBe(429);
    expect(denied.headers.get("RateLimit")).toMatch(/^"wide";r=6;t=\d+, "pair";r=0;t=\d+$/);
    expect(denied.headers.get("RateLimit-Policy")).toBe('"wide";q=9;w=3600, "pair";q=2;w=60');
  });

  test("of several limits a dialect with room for one tells the scarcest", async () => {
    const wide = limiterOf([slidingWindow({ name: "wide", limit: 9, window: "1 h" })]).limiter;
    const headers = [legacyFields, draft7Fields];
    const ask = await serving([
      { limiter: pair(), key, headers },
      { limiter: wide, key, headers },
    ]);
    const response = await ask();
    expect(response.headers.get("X-RateLimit-Remaining")).toBe("1");
    expect(response.headers.get("RateLimit")).toMatch(/^limit=2, remaining=1, reset=\d+$/);
  });

  test("skip, a missing key and headers: false", async () => {
    const ask = await serving({
      limiter: pair(),
      key: (subject) => header("x-user")(subject),
      skip: (subject) => header("x-internal")(subject) === "yes",
      headers: false,
    });
    for (let i = 0; i < 3; i += 1) expect(await (await ask()).text()).toBe("none");
    const alice = { "x-user": "alice" };
    for (let i = 0; i < 3; i += 1)
      expect((await ask("/api/a", { headers: { ...alice, "x-internal": "yes" } })).status).toBe(200);
    expect((await ask("/api/a", { headers: alice })).headers.has("RateLimit")).toBe(false);
    await ask("/api/a", { headers: alice });
    const denied = await ask("/api/a", { headers: alice });
    expect([denied.status, denied.headers.has("RateLimit"), denied.headers.has("Retry-After")]).toEqual([
      429,
      false,
      true,
    ]);
  });

  test("cost and limit by request", async () => {
    const ask = await serving({
      limiter: pair(),
      key,
      cost: async (subject) => Number(header("x-cost")(subject) ?? 1),
      limit: (subject) => (header("x-plan")(subject) === "pro" ? 10 : undefined),
    });
    expect((await ask("/api/a", { headers: { "x-cost": "3" } })).status).toBe(429);
    const pro = await ask("/api/a", { headers: { "x-cost": "3", "x-plan": "pro" } });
    expect([pro.status, pro.headers.get("RateLimit")]).toEqual([200, expect.stringMatching(/^"pair";r=7/)]);
  });

  test("refundOn gives back what did not count, when the response has been sent", async () => {
    const limiter = pair();
    const ask = await serving({ limiter, key, refundOn: (response) => response.statusCode < 400 });
    for (let i = 0; i < 5; i += 1) {
      expect((await ask("/api/a")).status).toBe(200);
      await expect.poll(() => limiter.peek("k")).toMatchObject({ allowed: true, remaining: 2 });
    }
    expect((await ask("/api/fail")).status).toBe(401);
    expect((await ask("/api/fail")).status).toBe(401);
    expect((await ask("/api/a")).status).toBe(429);
  });

  test("an error of refundOn is told to onError, and the response stands", async () => {
    const told = vi.fn();
    const ask = await serving({
      limiter: pair(),
      key,
      refundOn: () => {
        throw new Error("no idea");
      },
      onError: (error) => told(`${error}`),
    });
    expect((await ask()).status).toBe(200);
    await expect.poll(() => told.mock.calls).toContainEqual(["Error: no idea"]);
  });

  test("onDenied answers, with the fields", async () => {
    const ask = await serving({
      limiter: pair(),
      key,
      onDenied: (_subject, { retryAfterMs }) =>
        Response.json({ waitMs: retryAfterMs > 0 }, { status: 420, headers: { "X-Own": "1", "Retry-After": "99" } }),
    });
    await ask();
    await ask();
    const denied = await ask();
    expect([denied.status, await denied.json()]).toEqual([420, { waitMs: true }]);
    expect([denied.headers.get("X-Own"), denied.headers.get("Retry-After")]).toEqual(["1", "99"]);
    expect(denied.headers.get("Content-Type")).toBe("application/json");
    expect(denied.headers.get("RateLimit")).toMatch(/^"pair";r=0/);
  });

  test("every cookie of an answer is sent", async () => {
    const cookies = ["a=1; Path=/", "b=2; Expires=Thu, 01 Jan 2037 00:00:00 GMT"];
    const ask = await serving({
      limiter: pair(),
      key,
      cost: 3,
      onDenied: () => {
        const answer = new Response("later", { status: 429 });
        for (const cookie of cookies) answer.headers.append("Set-Cookie", cookie);
        return answer;
      },
    });
    const denied = await ask();
    expect([denied.status, denied.headers.getSetCookie()]).toEqual([429, cookies]);
  });

  test("dryRun counts, denies nobody and sends no fields", async () => {
    const limiter = pair();
    const ask = await serving({ limiter, key, dryRun: true });
    for (let i = 0; i < 4; i += 1) {
      const response = await ask();
      expect([response.status, response.headers.has("RateLimit")]).toEqual([200, false]);
    }
    expect(await limiter.peek("k")).toMatchObject({ remaining: 0 });
  });

  test("an option function that fails: by failure mode, or as onError answers", async () => {
    const broken = () => {
      throw new Error("plans are down");
    };
    const told = vi.spyOn(console, "error").mockReturnValue();
    const open = await serving({ limiter: pair(), key, limit: broken });
    expect(await (await open()).text()).toBe("none");
    expect(told).toHaveBeenCalledOnce();
    await running?.close();
    const closed = await serving({ limiter: pair({ failureMode: "closed" }), key, limit: broken, onError: () => {} });
    const answer = await closed();
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "1"]);
    await running?.close();
    const own = await serving({
      limiter: pair(),
      key,
      limit: broken,
      onError: () => new Response("later", { status: 418 }),
    });
    expect((await own()).status).toBe(418);
  });

  test("a mistake in the program goes to the app", async () => {
    const ask = await serving({ limiter: pair(), key, cost: Number.NaN });
    const response = await ask();
    expect([response.status, await response.text()]).toEqual([
      500,
      expect.stringContaining("cost must be a whole number"),
    ]);
  });

  test("to reject with nothing is a mistake, too, and lets nobody pass", async () => {
    const handle = vi.fn(telling);
    const ask = await serving({ limiter: pair(), key, onDenied: () => Promise.reject() }, { handle });
    await ask();
    await ask();
    expect((await ask()).status).toBe(500);
    expect(handle).toHaveBeenCalledTimes(2);
  });

  test("a store that is down: 503 where the failure mode is closed, and no fields", async () => {
    const store = {
      remote: true,
      clock: "limiter",
      step: () => Promise.reject(new StoreError("network", "out of reach")),
      reset: () => Promise.reject(new StoreError("network", "out of reach")),
    } as const;
    const ask = await serving({ limiter: pair({ store, failureMode: "closed" }), key });
    const response = await ask();
    expect([response.status, response.headers.has("RateLimit")]).toEqual([503, false]);
    expect(await response.json()).toMatchObject({ type: expect.stringContaining("temporary-reduced-capacity") });
  });

  test("several limiters as one: keys by level, and responses that tell whose policies they are", async () => {
    const store = memoryStore();
    const level = (name: string, limit: number) =>
      createLimiter({ name, store, policies: [fixedWindow({ name: "hourly", limit, window: "1 h" })] });
    const both = allOf({ org: level("org", 9), user: level("user", 1) });
    const ask = await serving({ limiter: both, key: () => ({ org: "acme", user: "alice" }) } as never);
    expect((await ask()).headers.get("RateLimit")).toMatch(/^"org\W+hourly";r=8;t=\d+, "user\W+hourly";r=0;t=\d+$/);
    const denied = await ask();
    expect(denied.status).toBe(429);
    expect((await denied.json())["violated-policies"]).toEqual([expect.stringMatching(/^user\W+hourly$/)]);
  });

  test("a limiter is made once, of the first request", async () => {
    const made = vi.fn(() => pair());
    const ask = await serving({ limiter: made, key });
    await ask();
    await ask();
    expect((await ask()).status).toBe(429);
    expect(made).toHaveBeenCalledOnce();
  });

  test.each([
    ["a limiter", (limiter: Limiter) => limiter],
    ["anyOf", (limiter: Limiter) => anyOf([limiter])],
  ])("observers of %s are told, with a way to work behind the answer", async (_of, made) => {
    const seen: string[] = [];
    const limiter = pair({
      onEvent: (event) => {
        if (event.type === "decision") seen.push(`${event.operation} ${event.key} ${typeof event.waitUntil}`);
      },
    });
    const ask = await serving({ limiter: made(limiter) as Limiter, key });
    await ask();
    expect(seen).toEqual(["consume k function"]);
  });

  describe("keys", () => {
    /** What a key function makes of a request. */
    async function keyed(
      key: CommonOptions["key"],
      init: RequestInit,
      more: { path?: string; trustProxy?: boolean } = {},
    ) {
      const keys: string[] = [];
      const policies = [fixedWindow({ limit: 9, window: "1 h" })];
      const onEvent = (event: { type: string; key?: string }) => {
        if (event.type === "decision") keys.push(event.key as string);
      };
      const limiter = createLimiter({ name: "keys", store: memoryStore(), policies, onEvent });
      const ask = await serving({ limiter, key }, more);
      await ask(more.path ?? "/api/a", init);
      return keys[0];
    }

    const headers = { "x-api-key": "k1", Cookie: 'a=1; session="s%20t"', Authorization: "Bearer secret" };

    test("of fields and of the path, as Node's requests have them", async () => {
      expect(await keyed(header("X-Api-Key"), { headers })).toBe("k1");
      expect(await keyed(cookie("session"), { headers })).toBe("s t");
      expect(await keyed(path(), {}, { path: "/api/%61/b?c=1" })).toBe("/api/a/b");
      expect(await keyed(bearer(), { headers })).toMatch(/^[\w-]{43}$/);
      expect(await keyed(hashed(header("x-api-key")), { headers })).toMatch(/^[\w-]{43}$/);
      expect(await keyed(compose(header("x-api-key"), path()), { headers })).toBe('["k1","/api/a"]');
      expect(await keyed(firstOf(header("x-none"), clientIp), { headers })).toBe("1:127.0.0.1");
    });

    test("by default the address, which nobody can choose by a header", async () => {
      const forged = { "X-Forwarded-For": "192.0.2.1", "X-Real-IP": "192.0.2.2", "CF-Connecting-IP": "192.0.2.3" };
      expect(await keyed(undefined, { headers: forged })).toBe("127.0.0.1");
    });

    test("behind proxies: as trust says", async () => {
      const headers = { "X-Forwarded-For": "203.0.113.9, 192.0.2.1", "fly-client-ip": "2001:db8:1:2::3" };
      expect(await keyed((subject) => clientIp(subject, undefined, { trust: 1 }), { headers })).toBe("192.0.2.1");
      expect(await keyed((subject) => clientIp(subject, undefined, { trust: 2 }), { headers })).toBe("203.0.113.9");
      expect(await keyed((subject) => clientIp(subject, undefined, { trust: "fly-client-ip" }), { headers })).toBe(
        "2001:db8:1:2::/64",
      );
    });

    test("behind proxies: as the framework was told", async () => {
      const headers = { "X-Forwarded-For": "203.0.113.9, 192.0.2.1" };
      // Koa believes the whole list and takes its first; Express and Fastify were told of one proxy; Connect knows of none.
      const seen = { Koa: "203.0.113.9", Connect: "127.0.0.1" }[name] ?? "192.0.2.1";
      expect(await keyed(clientIp, { headers }, { trustProxy: true })).toBe(seen);
      expect(await keyed(clientIp, { headers })).toBe("127.0.0.1");
    });

    test("an address that nobody tells", async () => {
      const told = vi.fn();
      const key = await keyed(
        (subject) => clientIp(subject, undefined, { trust: 1, onUnknownAddress: (of) => told(rateLimitOf(of)) }),
        {},
      );
      expect([key, told.mock.calls]).toEqual(["unknown", [[undefined]]]);
    });
  });
});

test("Fastify: an answer that a hook works on is not followed by the handler", async () => {
  const app = fastify();
  app.addHook("onSend", async (_request, _reply, payload) => {
    await nextTurn();
    return `${payload}`.toUpperCase();
  });
  await app.register(fastifyRateLimit, { limiter: pair(), key });
  const handle = vi.fn(() => "served");
  app.get("/", handle);
  await app.inject("/");
  await app.inject("/");
  const denied = await app.inject("/");
  expect([denied.statusCode, denied.headers["content-type"]]).toEqual([429, "application/problem+json"]);
  expect(denied.body).toContain("QUOTA EXCEEDED");
  expect(handle).toHaveBeenCalledTimes(2);
});

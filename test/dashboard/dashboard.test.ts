import {
  type BlockedDecision,
  calendar,
  createLimiter,
  fixedWindow,
  inFlight,
  memoryStore,
  openRules,
  type PolicyStatus,
  parts,
  penalty,
  redisStore,
  regions,
  type Store,
  slidingWindow,
  tokenBucket,
} from "sluice";
import { type Analytics, analytics } from "sluice/analytics";
import { type DashboardOptions, dashboard } from "sluice/dashboard";
import { afterAll, beforeEach, describe, expect, inject, test } from "vitest";
import { ioredisClient } from "../../src/store/ioredis.ts";
import { connect, uniqueName } from "../support/redis.ts";

const redis = await connect(inject("redisUrl"));
const client = ioredisClient(redis);
afterAll(() => redis.disconnect());

let namespace: string;
beforeEach(() => {
  namespace = uniqueName();
});

const handlerWith = (more: Partial<DashboardOptions> = {}) =>
  dashboard({ redis: client, namespace, authorize: () => true, ...more });

/** Two limiters that have told what they did. */
async function traffic() {
  const onEvent = analytics({ redis: client, namespace });
  const store = redisStore(client, { namespace });
  const api = createLimiter({
    name: "api",
    store,
    policies: [
      tokenBucket({ name: "burst", limit: 3, burst: 5, window: "1 h" }),
      slidingWindow({ name: "daily", limit: 100, window: "1 d" }),
    ],
    onEvent,
  });
  const policies = [fixedWindow({ name: "quota", limit: 2, window: "1 d" })];
  const login = createLimiter({ name: "login", store, policies, onEvent });
  for (let i = 0; i < 8; i += 1) await api.consume("ada");
  for (let i = 0; i < 4; i += 1) await login.consume("<b>eve</b>");
  await onEvent.flush();
  return { api, login };
}

/** A limiter with a penalty that has described itself: two calls a day, and at the second denial an hour's block. */
async function penalized() {
  const onEvent = analytics({ redis: client, namespace });
  const quota = fixedWindow({ name: "quota", limit: 2, window: "1 d" });
  const signIn = createLimiter({
    name: "sign-in",
    store: redisStore(client, { namespace }),
    policies: [quota, penalty({ after: 2, within: "10 m", for: "1 h" })],
    onEvent,
  });
  await signIn.peek("nobody");
  await onEvent.flush();
  return signIn;
}

async function get(handler: ReturnType<typeof handlerWith>, path: string, headers: Record<string, string> = {}) {
  return handler(new Request(`https://ops.test${path}`, { headers }));
}

/** What a browser has after it loaded the page. */
async function loaded(handler: ReturnType<typeof handlerWith>, path = "/") {
  const response = await get(handler, path);
  const html = await response.text();
  return {
    response,
    html,
    cookie: (response.headers.get("set-cookie") ?? "").split(";")[0] as string,
    token: /name="sluice-page" content="([\w-]{43})"/.exec(html)?.[1] as string,
  };
}

function act(
  handler: ReturnType<typeof handlerWith>,
  body: unknown,
  headers: Record<string, string>,
  path = "/api/reset",
) {
  const init = { method: "POST", body: JSON.stringify(body), headers };
  return handler(new Request(`https://ops.test${path}`, init));
}

/** The state of a key, asked for as the page does. */
async function stateOf(key: string) {
  const handler = handlerWith();
  const { cookie, token } = await loaded(handler);
  const headers = { cookie, "x-sluice-page": token, origin: "https://ops.test" };
  return (await act(handler, { key }, headers, "/api/key")).json();
}

describe("the page", () => {
  test("answers 200, with nothing inline, nothing from elsewhere, and a cookie for its actions", async () => {
    const { response, html } = await loaded(handlerWith());
    expect(response.status).toBe(200);
    const policy = response.headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain("unsafe");
    expect(response.headers.get("set-cookie")).toMatch(
      /^sluice-page=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style| style=| on\w+=|https?:/);
    const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, file]) => file as string);
    expect(files).toEqual(["/style.css", "/app.js"]);
    for (const file of [...files, "/chart.js", "/views.js"]) {
      const found = await get(handlerWith(), file);
      expect([found.status, found.headers.get("x-content-type-options")]).toEqual([200, "nosniff"]);
    }
  });

  test("mounted below a path, all of it lies there", async () => {
    const handler = handlerWith({ path: "/ops/limits" });
    for (const path of ["/ops/limits", "/ops/limits/"]) {
      const { response, html } = await loaded(handler, path);
      expect(response.headers.get("set-cookie")).toContain("Path=/ops/limits;");
      expect(html).toContain('src="/ops/limits/app.js"');
    }
    expect((await get(handler, "/ops/limits/app.js")).status).toBe(200);
    expect((await get(handler, "/app.js")).status).toBe(404);
    expect((await get(handler, "/ops/limitsapp.js")).status).toBe(404);
  });

  test("several pages of one browser share a cookie", async () => {
    const first = await loaded(handlerWith());
    const second = await get(handlerWith(), "/", { cookie: `other=1; ${first.cookie}` });
    expect(second.headers.get("set-cookie")).toContain(first.cookie);
  });

  test.each(["/index.html", "/constructor", "/__proto__", "/api", "/../app.js/x"])("%s is not found", async (path) => {
    expect((await get(handlerWith(), path)).status).toBe(404);
  });
});

describe("who may", () => {
  test("nobody but whom authorize lets in, for every path", async () => {
    const asked: string[] = [];
    const handler = handlerWith({
      authorize: async (request) => {
        asked.push(new URL(request.url).pathname);
        return false;
      },
    });
    for (const path of ["/", "/app.js", "/api/figures?hours=24", "/api/key", "/nothing"]) {
      const response = await get(handler, path);
      expect(response.status).toBe(403);
      expect(response.headers.has("set-cookie")).toBe(false);
    }
    expect(asked).toEqual(["/", "/app.js", "/api/figures", "/api/key", "/nothing"]);
    const login = handlerWith({ authorize: () => Response.redirect("https://login.test/", 302) });
    expect((await get(login, "/")).status).toBe(302);
    const truthy = handlerWith({ authorize: (() => "yes") as never });
    expect((await get(truthy, "/")).status).toBe(403);
  });

  test("misuse is told by name", () => {
    const whole = { redis: client, authorize: () => true };
    expect(() => dashboard({ redis: client } as never)).toThrow("authorize must be a function, not undefined");
    expect(() => dashboard({ ...whole, redis: {} as never })).toThrow("redis must have the method evalsha");
    expect(() => dashboard({ ...whole, refreshMs: 5 })).toThrow("refreshMs must be a whole number from 1000");
    expect(() => dashboard({ ...whole, operator: "ann" as never })).toThrow("operator must be a function");
    expect(() => dashboard({ ...whole, path: "ops" })).toThrow('path must be a path such as "/ops", not "ops"');
  });
});

describe("figures", () => {
  test("are those of analytics, for every limiter that has described itself", async () => {
    await traffic();
    const response = await get(handlerWith(), "/api/figures?hours=24");
    const { limiters, hours, from } = await response.json();
    expect([hours, from % 3_600_000]).toEqual([24, 0]);
    expect(limiters.map(({ limiter }: { limiter: string }) => limiter)).toEqual(["api", "login"]);
    expect(limiters[0].calls).toEqual([
      { policy: "burst", outcome: "allowed", source: "store", count: 5 },
      { policy: "burst", outcome: "denied", source: "snapshot", count: 3 },
    ]);
    expect(limiters[1].denied.keys).toEqual([{ key: "<b>eve</b>", count: 2, error: 0 }]);
    expect(limiters[1].hours).toEqual([{ at: expect.any(Number), calls: limiters[1].calls, beside: [] }]);
    expect(response.headers.get("content-type")).toContain("application/json");
  });

  test("none where there are none; other spans are refused", async () => {
    expect(await (await get(handlerWith(), "/api/figures?hours=6")).json()).toMatchObject({ limiters: [] });
    for (const hours of ["", "5", "1e9", "NaN"]) {
      expect((await get(handlerWith(), `/api/figures?hours=${hours}`)).status).toBe(400);
    }
  });

  test("503 where Redis does not answer, and why", async () => {
    const fails = () => Promise.reject(new TypeError("fetch failed"));
    const response = await get(
      handlerWith({ redis: { evalsha: fails, eval: fails, del: fails } }),
      "/api/figures?hours=6",
    );
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ error: "Redis could not be reached", kind: "network" });
  });
});

describe("one key", () => {
  test("its live state in every limiter, which takes nothing", async () => {
    const { login } = await traffic();
    const { limiters } = await stateOf("<b>eve</b>");
    expect(limiters).toMatchObject([
      {
        limiter: "api",
        policies: [
          { policy: "burst", remaining: 5, burst: 5 },
          { policy: "daily", remaining: 100 },
        ],
      },
      { limiter: "login", policies: [{ policy: "quota", remaining: 0, limit: 2 }] },
    ]);
    expect(await login.peek("ada")).toMatchObject({ remaining: 2 });
  });

  test("a reset from the page makes its quota whole, in that limiter alone", async () => {
    const { api, login } = await traffic();
    await login.consume("ada");
    const handler = handlerWith();
    const { cookie, token } = await loaded(handler);
    const headers = { cookie, "x-sluice-page": token, origin: "https://ops.test" };
    const done = await act(handler, { limiter: "api", key: "ada" }, headers);
    expect([done.status, await done.json()]).toEqual([200, { reset: "ada", limiter: "api" }]);
    const fresh = createLimiter({
      name: "api",
      store: redisStore(client, { namespace }),
      policies: [
        tokenBucket({ name: "burst", limit: 3, burst: 5, window: "1 h" }),
        slidingWindow({ name: "daily", limit: 100, window: "1 d" }),
      ],
    });
    expect((await fresh.peek("ada")).allowed).toBe(true);
    expect(await login.peek("ada")).toMatchObject({ remaining: 1 });
    expect(await api.peek("bob")).toMatchObject({ remaining: 5 });
    expect((await act(handler, { limiter: "none", key: "ada" }, headers)).status).toBe(404);
    for (const body of [{ limiter: "api" }, { limiter: "api", key: "" }, { limiter: "api", key: 5 }, null, "x"]) {
      expect((await act(handler, body, headers)).status).toBe(400);
    }
  });

  test("every action is refused without the page's own token, from another origin, or without one", async () => {
    const { login } = await traffic();
    await openRules({ redis: client, namespace }).add({ what: "allow", key: "health" });
    const handler = handlerWith();
    const [own, other] = [await loaded(handler), await loaded(handler)];
    const whole = { cookie: own.cookie, "x-sluice-page": own.token, origin: "https://ops.test" };
    const { origin: _origin, ...withoutOrigin } = whole;
    const { cookie: _cookie, ...withoutCookie } = whole;
    const refused = [
      {},
      withoutOrigin,
      withoutCookie,
      { ...whole, "x-sluice-page": other.token },
      { ...whole, "x-sluice-page": "" },
      { ...whole, "x-sluice-page": own.cookie.split("=")[1] as string },
      { ...whole, origin: "https://evil.test" },
      { ...whole, origin: "https://ops.test.evil.test" },
      { ...whole, origin: "null" },
    ];
    for (const headers of refused) {
      const rule = { what: "block", key: "<b>eve</b>" };
      const { version } = await openRules({ redis: client, namespace }).read();
      for (const path of ["/api/reset", "/api/block", "/api/key", "/api/rules/add", "/api/rules/remove"]) {
        const body = { limiter: "login", key: "<b>eve</b>", forMs: 1000, rule, id: 1, version };
        expect((await act(handler, body, headers, path)).status).toBe(403);
      }
    }
    expect(await openRules({ redis: client, namespace }).list()).toMatchObject([{ id: 1, what: "allow" }]);
    expect(await login.peek("<b>eve</b>")).toMatchObject({ remaining: 0 });
    expect((await handler(new Request("https://ops.test/api/reset", { method: "PUT", headers: whole }))).status).toBe(
      405,
    );
    expect((await get(handler, "/api/reset", whole)).status).toBe(404);
  });

  test("a limiter of a kind that the page does not know is told so, the others are shown", async () => {
    await traffic();
    const day = Math.floor(Date.now() / 86_400_000);
    const policies = [{ name: "p", algorithm: "newer", limit: 1, windowMs: 1000, burst: 1 }];
    await redis.hset(`${namespace}/sluice:limiters`, "newer", `${day} ${JSON.stringify({ policies })}`);
    const { limiters } = await stateOf("a");
    expect(limiters.map(({ limiter, error }: { limiter: string; error?: string }) => [limiter, error])).toEqual([
      ["api", undefined],
      ["login", undefined],
      ["newer", "This page does not know policies of the kind newer"],
    ]);
  });
});

test("two limiters that share a name: what the other one said is told beside the one that came last", async () => {
  for (const limit of [3, 5]) {
    const onEvent = analytics({ redis: client, namespace });
    const store = redisStore(client, { namespace });
    const policies = [fixedWindow({ name: "quota", limit, window: "1 d" })];
    await createLimiter({ name: "shared", store, policies, onEvent }).consume("ada");
    await onEvent.flush();
  }
  const { limiters } = await stateOf("ada");
  expect(limiters).toMatchObject([
    { limiter: "shared", policies: [{ limit: 5, remaining: 3 }], otherwise: [{ name: "quota", limit: 3 }] },
  ]);
});

describe("the state of every kind of limiter", () => {
  const described = async (limiter: (options: { store: Store; onEvent: Analytics }) => Promise<unknown>) => {
    const onEvent = analytics({ redis: client, namespace });
    await limiter({ store: redisStore(client, { namespace }), onEvent });
    await onEvent.flush();
    // A reader that knows nothing but the database.
    return (await stateOf("ada")).limiters[0];
  };

  test("windows in parts and of the calendar, alone and as a set", async () => {
    const policies = [
      slidingWindow({ name: "minute", limit: 20, window: "1 m", parts: parts(10) }),
      fixedWindow({ name: "month", limit: 100, window: calendar("1 month", { timeZone: "Asia/Tokyo" }) }),
      fixedWindow({ name: "day", limit: 50, window: calendar("1 day") }),
      tokenBucket({ name: "burst", limit: 30, window: "1 d", burst: 40 }),
    ];
    for (const some of [...policies.map((policy) => [policy]), policies]) {
      namespace = uniqueName();
      const found = await described(async (options) => {
        const limiter = createLimiter({ name: "api", policies: some, ...options });
        for (let i = 0; i < 3; i += 1) await limiter.consume("ada");
      });
      expect(found.error).toBeUndefined();
      expect(found.policies.map(({ policy, remaining, burst }: PolicyStatus) => [policy, remaining, burst])).toEqual(
        some.map(({ name, burst }) => [name, burst - 3, burst]),
      );
    }
  });

  test("work in flight: how many are held of how many, until a reset frees them", async () => {
    const exportsOn = (options: { store: Store; onEvent?: Analytics }) =>
      createLimiter({ name: "exports", policies: [inFlight({ name: "at-once", limit: 5, hold: "1 h" })], ...options });
    const found = await described(async (options) => {
      const limiter = exportsOn(options);
      for (let i = 0; i < 3; i += 1) await limiter.hold("ada");
    });
    expect(found.policies).toMatchObject([
      { policy: "at-once", unit: "concurrent-requests", remaining: 2, burst: 5, windowMs: 3_600_000 },
    ]);
    expect(found.policies[0].resetAfterMs).toBeGreaterThan(3_500_000);
    const { page, handler } = await operating();
    expect((await act(handler, { limiter: "exports", key: "ada" }, page)).status).toBe(200);
    const fresh = exportsOn({ store: redisStore(client, { namespace }) });
    expect(await fresh.peek("ada")).toMatchObject({ remaining: 5 });
  });

  test("a penalty: the counts until it blocks, then until when, and the counts again once it is pardoned", async () => {
    const signIn = await penalized();
    for (let i = 0; i < 3; i += 1) await signIn.consume("ada");
    expect((await stateOf("ada")).limiters).toMatchObject([
      { limiter: "sign-in", blocks: true, policies: [{ policy: "quota", remaining: 0, limit: 2 }] },
    ]);
    await signIn.consume("ada");
    const { blockedUntil } = (await signIn.peek("ada")) as BlockedDecision;
    const [found] = (await stateOf("ada")).limiters;
    expect(found).toMatchObject({ policies: [], blocked: { until: blockedUntil, forMs: expect.any(Number) } });
    expect(found.error).toBeUndefined();
    expect(found.blocked.forMs).toBeGreaterThan(3_500_000);
    const { page, handler } = await operating();
    expect((await act(handler, { limiter: "sign-in", key: "ada" }, page)).status).toBe(200);
    expect((await stateOf("ada")).limiters).toMatchObject([{ policies: [{ remaining: 2 }] }]);
    expect(await (await penalized()).consume("ada")).toMatchObject({ allowed: true, remaining: 1 });
  });

  test("a penalty: blocks a key for a time, which another isolate's next call finds", async () => {
    const signIn = await penalized();
    await traffic();
    const { page, handler } = await operating();
    const block = (body: object) => act(handler, { limiter: "sign-in", key: "bob", ...body }, page, "/api/block");
    const before = Date.now();
    const done = await block({ forMs: 86_400_000 });
    const { until, ...said } = await done.json();
    expect([done.status, said]).toEqual([200, { blocked: "bob", limiter: "sign-in" }]);
    expect(until - before).toBeGreaterThanOrEqual(86_400_000);
    expect(await signIn.consume("bob")).toMatchObject({ allowed: false, source: "penalty", blockedUntil: until });
    for (const forMs of [undefined, 0, -1, 1.5, 367 * 86_400_000, null, {}]) {
      const refused = await block({ forMs });
      expect([refused.status, (await refused.json()).error]).toEqual([400, expect.stringContaining("for must be")]);
    }
    const without = await block({ limiter: "api", forMs: 1000 });
    expect([without.status, (await without.json()).error]).toEqual([400, expect.stringContaining("has no penalty")]);
    expect((await block({ limiter: "none", forMs: 1000 })).status).toBe(404);
    expect((await block({ key: "", forMs: 1000 })).status).toBe(400);
  });

  test("regions: which databases share it, and no share that could pass for the whole", async () => {
    const onEvent = analytics({ redis: client, namespace });
    const own = { fra: redisStore(client, { namespace }), iad: redisStore(client, { namespace: uniqueName() }) };
    const store = regions({ near: "fra", stores: own });
    const policies = [fixedWindow({ name: "quota", limit: 10, window: "1 d" })];
    const api = createLimiter({ name: "api", store, policies, onEvent });
    await api.consume("ada");
    await onEvent.flush();
    const [found] = (await stateOf("ada")).limiters;
    expect(found).toEqual({ limiter: "api", blocks: false, regions: ["fra", "iad"], policies: [] });
    const { page, handler } = await operating();
    const refused = await act(handler, { limiter: "api", key: "ada" }, page);
    expect([refused.status, (await refused.json()).error]).toEqual([400, expect.stringContaining("fra, iad")]);
    // Of the nearest share, 5 of 10.
    expect(await api.peek("ada")).toMatchObject({ remaining: 4 });
  });

  test("under a rule: which one, with the limits in force", async () => {
    await traffic();
    const book = openRules({ redis: client, namespace });
    await book.add({ what: "limit", limiter: "login", key: "ada", limits: { quota: 7 }, why: "a customer" });
    await book.add({ what: "block", pattern: "a*", why: "not the most specific" });
    const { limiters } = await stateOf("ada");
    expect(limiters).toMatchObject([
      { limiter: "api", rule: { id: 2, what: "block" }, policies: [{ policy: "burst" }, { remaining: 100 - 5 }] },
      { limiter: "login", rule: { id: 1, why: "a customer" }, policies: [{ limit: 7, remaining: 7 }] },
    ]);
  });

  test("what lies in the rules' place hides no counts", async () => {
    await traffic();
    await redis.set(`${namespace}/sluice:rules`, "a shopping list");
    const { limiters, rulesError } = await stateOf("ada");
    expect(rulesError).toMatch(/is no list of rules/);
    expect(limiters[1]).toMatchObject({ limiter: "login", policies: [{ remaining: 2 }] });
    const response = await get(handlerWith(), "/api/rules");
    expect([response.status, (await response.json()).error]).toEqual([503, rulesError]);
  });
});

/** A handler, and what its page sends along. */
async function operating(more: Partial<DashboardOptions> = {}) {
  const handler = handlerWith(more);
  const { cookie, token } = await loaded(handler);
  return { handler, page: { cookie, "x-sluice-page": token, origin: "https://ops.test" } };
}

describe("rules", () => {
  /** Asks as a page does that has just read the rules. */
  async function opened(more: Partial<DashboardOptions> = {}) {
    const { handler, page } = await operating(more);
    const read = async () => (await get(handler, "/api/rules")).json();
    const send = async (path: string, body: object) => {
      const response = await act(handler, body, page, `/api/rules/${path}`);
      return { status: response.status, ...(await response.json()) };
    };
    return { read, send };
  }

  test("are added and removed, listed with their history, and the limiters with their policies", async () => {
    await traffic();
    const { read, send } = await opened();
    const before = await read();
    expect(before).toMatchObject({ rules: [], history: [], limiters: [{ name: "api" }, { name: "login" }] });
    expect(before.limiters[0].policies).toEqual([
      { name: "burst", limit: 3 },
      { name: "daily", limit: 100 },
    ]);
    const rule = { what: "block", limiter: "login", key: "<b>eve</b>", for: "1 h", why: "stuffing", by: "ann" };
    const added = await send("add", { rule, version: before.version });
    expect(added).toMatchObject({ status: 200, rule: { id: 1, key: "<b>eve</b>", by: "ann" }, warnings: [] });
    const { version, rules } = await read();
    expect(rules).toEqual([added.rule]);
    expect(await send("remove", { id: 1, by: "bob", version })).toMatchObject({ status: 200, rule: { id: 1 } });
    const after = await read();
    expect(after).toMatchObject({
      rules: [],
      history: [
        { change: "remove", by: "bob" },
        { change: "add", by: "ann" },
      ],
    });
    expect(await send("remove", { id: 1, version: after.version })).toMatchObject({ status: 404 });
  });

  test("of another operator are not overwritten unseen", async () => {
    const [ann, bob] = [await opened(), await opened()];
    const { version } = await ann.read();
    const rule = { what: "block", key: "eve" };
    await bob.send("add", { rule: { ...rule, why: "bob's reason", by: "bob" }, version });
    const late = { rule: { ...rule, why: "ann's reason", by: "ann" }, version };
    for (let i = 0; i < 2; i += 1) {
      expect(await ann.send("add", late)).toMatchObject({ status: 409, error: expect.stringMatching(/have changed/) });
      expect(await ann.send("remove", { id: 1, version })).toMatchObject({ status: 409 });
    }
    const seen = await ann.read();
    expect(seen.rules).toMatchObject([{ why: "bob's reason" }]);
    expect(await ann.send("add", { ...late, version: seen.version })).toMatchObject({ status: 200 });
    expect((await bob.read()).history).toHaveLength(2);
  });

  test("that can't be meant take force, those that can't be right are refused in words", async () => {
    await traffic();
    const { read, send } = await opened();
    const { version } = await read();
    const all = { rule: { what: "block", pattern: "*" }, version };
    expect(await send("add", all)).toMatchObject({ status: 422, error: expect.stringContaining("every key") });
    const wrong = [
      { rule: { what: "ban", key: "k" }, says: "what must be" },
      { rule: { what: "block", key: "" }, says: "key must be" },
      { rule: { what: "block", key: "k".repeat(513) }, says: "key must be" },
      { rule: { what: "limit", key: "k", limits: {} }, says: "limits must be" },
      { rule: { what: "block", network: "example.org" }, says: "network must be" },
      { rule: null, says: "must have one of" },
    ];
    for (const { rule, says } of wrong) {
      const answer = await send("add", { rule, version });
      expect(answer).toMatchObject({ status: 400, error: expect.stringContaining(says) });
    }
    expect(await send("add", { rule: { what: "block", key: "k" } })).toMatchObject({ status: 400 });
    expect(await send("remove", { id: 1 })).toMatchObject({ status: 400 });
    expect(await send("remove", { id: "1", version })).toMatchObject({ status: 400 });
    expect((await read()).rules).toEqual([]);
    expect(await send("add", { ...all, force: true })).toMatchObject({ status: 200, warnings: [expect.any(String)] });
  });

  test("are made by whom the server says, where it knows", async () => {
    const { read, send } = await opened({ operator: () => "ann" });
    const { version, by } = await read();
    expect(by).toBe("ann");
    await send("add", { rule: { what: "block", key: "k", by: "somebody else" }, version });
    const seen = await read();
    expect(seen.rules).toMatchObject([{ by: "ann" }]);
    await send("remove", { id: 1, by: "somebody else", version: seen.version });
    expect((await read()).history.map((change: { by: string }) => change.by)).toEqual(["ann", "ann"]);
  });
});

test("it needs no store but the given one: a limiter in memory is described, its state is not shared", async () => {
  const onEvent = analytics({ redis: client, namespace });
  const policies = [fixedWindow({ limit: 1, window: "1 d" })];
  const limiter = createLimiter({ name: "local", store: memoryStore(), policies, onEvent });
  await limiter.consume("a");
  await onEvent.flush();
  const { limiters } = await stateOf("a");
  expect(limiters).toMatchObject([{ limiter: "local", policies: [{ remaining: 1 }] }]);
});

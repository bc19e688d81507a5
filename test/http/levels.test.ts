import { Hono } from "hono";
import { allOf, anyOf, createLimiter, fixedWindow, memoryStore, type Store, StoreError, tokenBucket } from "sluice";
import { withRateLimit } from "sluice/fetch";
import { draft7Fields, rateLimit } from "sluice/hono";
import { describe, expect, test } from "vitest";
import { brokenStore, fields, passedClock } from "./setup.ts";

const unreachable = { ...brokenStore, run: () => Promise.reject(new StoreError("network", "out of reach")) } as Store;

/** An organization of 5 an hour, and a user of 2 a minute. */
function levelsOf(store: Store = memoryStore(), failureMode: "open" | "closed" = "open") {
  const { now, advance } = passedClock(1_800_000_000_000);
  const org = createLimiter({
    name: "org",
    store,
    now,
    policies: [fixedWindow({ name: "requests", limit: 5, window: "1 h" })],
  });
  const user = createLimiter({
    name: "user",
    store,
    now,
    failureMode,
    policies: [tokenBucket({ name: "requests", limit: 2, window: "1 m" })],
  });
  return { levels: allOf({ org, user }), org, user, advance };
}

const keyOf = (headers: { get(name: string): string | null }) => ({
  org: headers.get("x-org") ?? "",
  user: headers.get("x-user") ?? "",
});
const of = (org: string, user: string) => ({ headers: { "x-org": org, "x-user": user } });

describe.each(["rateLimit", "withRateLimit"])("%s with several limiters", (form) => {
  type Shared = { refundOn?: (response: Response) => Promise<boolean>; headers?: typeof draft7Fields };
  /** The same app in either form; it answers with the status that the header asks for. */
  function appOf(levels: ReturnType<typeof levelsOf>["levels"], options: Shared = {}) {
    const status = (headers: Headers) => Number(headers.get("x-status") ?? 200);
    if (form === "rateLimit") {
      const app = new Hono();
      app.use(rateLimit({ limiter: levels, key: (c) => keyOf(c.req.raw.headers), ...options }));
      app.get("/", (c) => c.text("served", status(c.req.raw.headers) as 200));
      return (init: RequestInit) => app.request("/", init);
    }
    const handler = withRateLimit((request: Request) => new Response("served", { status: status(request.headers) }), {
      limiter: levels,
      key: (request) => keyOf(request.headers),
      ...options,
    });
    return async (init: RequestInit) => handler(new Request("https://api.test/", init));
  }

  test("one request to the store, a field for each policy with its level, and the level that denied in the answer", async () => {
    const { levels, org } = levelsOf();
    const request = appOf(levels);
    const first = await request(of("acme", "ada"));
    expect(first.status).toBe(200);
    expect(fields(first)).toMatchObject({
      "ratelimit-policy": '"org/requests";q=5;w=3600, "user/requests";q=2;w=60',
      ratelimit: '"org/requests";r=4;t=3600, "user/requests";r=1;t=30',
    });
    await request(of("acme", "ada"));
    const denied = await request(of("acme", "ada"));
    expect(denied.status).toBe(429);
    expect(denied.headers.get("Retry-After")).toBe("30");
    expect(await denied.json()).toMatchObject({ "violated-policies": ["user/requests"], detail: "Try again in 30 s." });
    expect(await org.peek("acme"), "a denial by the user takes nothing of the organization").toMatchObject({
      remaining: 3,
    });
    expect((await request(of("acme", "bob"))).status).toBe(200);
  });

  test("fields with room for one policy tell the one that binds", async () => {
    const { levels } = levelsOf();
    const request = appOf(levels, { headers: draft7Fields });
    expect((await request(of("acme", "ada"))).headers.get("RateLimit")).toBe("limit=2, remaining=1, reset=30");
  });

  test("an empty key is a key like any other, at every level", async () => {
    const { levels, user } = levelsOf();
    const request = appOf(levels);
    await request(of("acme", ""));
    expect(await user.peek("\0")).toMatchObject({ remaining: 1 });
  });

  test("refundOn gives back to each level what still counts there", async () => {
    const { levels, org, user, advance } = levelsOf();
    const request = appOf(levels, {
      async refundOn(response) {
        if (response.status === 500) {
          advance(3_600_000);
          await org.consume("acme", { cost: 2 });
        }
        return response.status >= 400;
      },
    });
    await request({ headers: { ...of("acme", "ada").headers, "x-status": "404" } });
    expect([await org.peek("acme"), await user.peek("ada")]).toMatchObject([{ remaining: 5 }, { remaining: 2 }]);
    await request({ headers: { ...of("acme", "ada").headers, "x-status": "500" } });
    expect(await org.peek("acme"), "the hour that lost it is over").toMatchObject({ remaining: 3 });
  });

  test.each([
    ["open", 200],
    ["closed", 503],
  ] as const)("where the store is away the strictest failure mode answers: %s", async (mode, status) => {
    const { levels } = levelsOf(unreachable, mode);
    expect(levels).toMatchObject({ name: "org+user", failureMode: mode });
    expect((await appOf(levels)(of("acme", "ada"))).status).toBe(status);
  });

  test.each([
    ["open", 200],
    ["closed", 503],
  ] as const)("where a key can't be told, too: %s", async (mode, status) => {
    const { levels } = levelsOf(undefined, mode);
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    const key = () => {
      throw new Error("no token");
    };
    const app = new Hono().use(rateLimit({ limiter: levels, key, onError })).get("/", (c) => c.text("served"));
    const handler = withRateLimit(() => new Response("served"), { limiter: levels, key, onError });
    const answer = form === "rateLimit" ? await app.request("/") : await handler(new Request("https://api.test/"));
    expect(answer.status).toBe(status);
    expect(errors).toHaveLength(1);
  });
});

test("a handler sees which level bound", async () => {
  const { levels } = levelsOf();
  const app = new Hono();
  app.get("/", rateLimit({ limiter: levels, key: () => ({ org: "acme", user: "ada" }), variable: "limits" }), (c) =>
    c.json({ level: c.get("limits")?.level }),
  );
  expect(await (await app.request("/")).json()).toEqual({ level: "user" });
});

test("a limiter that is made at the first request may be several", async () => {
  const { levels } = levelsOf();
  const app = new Hono();
  app.use(rateLimit({ limiter: () => levels, key: () => ({ org: "acme", user: "ada" }), cost: { user: 2 } }));
  app.get("/", (c) => c.text("served"));
  expect((await app.request("/")).status).toBe(200);
  expect((await app.request("/")).status).toBe(429);
});

test("the first that admits: refundOn gives back to whoever took", async () => {
  const { levels, org, user } = levelsOf();
  const policies = [fixedWindow({ name: "balance", limit: 3, window: "1 d" })];
  const credits = createLimiter({ name: "credits", store: memoryStore(), policies });
  const app = new Hono();
  const key = () => ({ org: "acme", user: "ada", credits: "acme" });
  app.use(rateLimit({ limiter: anyOf([levels, credits]), key, refundOn: (response) => response.status === 404 }));
  app.get("/", (c) => c.text("served"));
  const statuses: number[] = [];
  for (const path of ["/", "/", "/none", "/", "/", "/", "/"]) statuses.push((await app.request(path)).status);
  expect(statuses).toEqual([200, 200, 404, 200, 200, 200, 429]);
  const left = [await org.peek("acme"), await user.peek("ada"), await credits.peek("acme")];
  expect(left).toMatchObject([{ remaining: 3 }, { remaining: 0 }, { remaining: 0 }]);
});

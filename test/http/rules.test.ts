import { type Env, Hono } from "hono";
import { createLimiter, fixedWindow, memoryStore, openRules, rules } from "sluice";
import { type HonoRateLimitOptions, legacyFields, rateLimit, standardFields } from "sluice/hono";
import { ioredisClient } from "sluice/ioredis";
import { afterAll, describe, expect, inject, test } from "vitest";
import { connect, uniqueName } from "../support/redis.ts";
import { fields, passedClock } from "./setup.ts";

const connection = await connect(inject("redisUrl"));
const redis = ioredisClient(connection);
afterAll(() => connection.disconnect());

type Options = Pick<HonoRateLimitOptions<Env>, "blockedStatus" | "refundOn" | "onDenied" | "dryRun">;

async function rigOf(options: Options = {}) {
  const namespace = uniqueName();
  const clock = passedClock();
  const operator = openRules({ redis, namespace, now: clock.now });
  await operator.addAll([
    { what: "block", key: "bad", for: "90 s", why: "between us" },
    { what: "block", key: "worst" },
    { what: "allow", key: "good" },
  ]);
  const limiter = createLimiter({
    name: "api",
    store: memoryStore(),
    policies: [fixedWindow({ name: "quota", limit: 1, window: "1 m" })],
    rules: rules({ redis, namespace }),
    now: clock.now,
  });
  const key = (c: { req: { header(name: string): string | undefined } }) => c.req.header("x-key");
  const app = new Hono()
    .use(rateLimit({ limiter, key, headers: [standardFields, legacyFields], ...options }))
    .get("/", (c) => c.json(c.get("rateLimit") ?? null));
  const ask = (key: string, headers: Record<string, string> = {}) =>
    app.request("/", { headers: { "x-key": key, ...headers } });
  return { ask, clock };
}

describe("requests under a rule", () => {
  test("a block is 429 with Retry-After, a problem of its own, and neither quota fields nor the operator's words", async () => {
    const { ask } = await rigOf();
    const response = await ask("bad");
    expect(response.status).toBe(429);
    expect(fields(response)).toEqual({ "retry-after": "90" });
    const body = await response.text();
    expect(JSON.parse(body)).toEqual({
      type: "https://iana.org/assignments/http-problem-types#abnormal-usage-detected",
      title: "Blocked",
      "retry-after": 90,
      status: 429,
      detail: "Try again in 90 s.",
    });
    expect(body).not.toContain("between us");
  });

  test("or 403, as is said, and plain text for who asks for that", async () => {
    const { ask } = await rigOf({ blockedStatus: 403 });
    const response = await ask("worst", { Accept: "text/plain" });
    expect([response.status, fields(response), await response.text()]).toEqual([
      403,
      {},
      "Blocked. Waiting does not help.\n",
    ]);
    expect((await ask("k")).status).toBe(200);
    expect((await ask("k")).status).toBe(429);
  });

  test("what is allowed has no quota fields, is never denied, and nothing is given back for it", async () => {
    let asked = 0;
    const { ask } = await rigOf({
      refundOn: () => {
        asked += 1;
        return true;
      },
    });
    for (let i = 0; i < 3; i += 1) {
      const response = await ask("good");
      expect([response.status, fields(response)]).toEqual([200, {}]);
      expect(await response.json()).toMatchObject({ allowed: true, source: "rule", rule: { what: "allow" } });
    }
    expect(asked).toBe(0);
    await ask("k");
    expect(asked).toBe(1);
  });

  test("onDenied answers blocked requests, too, and dryRun lets them pass", async () => {
    const { ask } = await rigOf({ onDenied: (c, decision) => c.text(decision.source, 418) });
    const response = await ask("bad");
    expect([response.status, await response.text(), response.headers.get("Retry-After")]).toEqual([418, "rule", "90"]);
    const dry = await rigOf({ dryRun: true });
    expect(await (await dry.ask("bad")).json()).toMatchObject({ allowed: false, source: "rule" });
  });

  test("a blockedStatus that none is", () => {
    const limiter = createLimiter({
      name: "a",
      store: memoryStore(),
      policies: [fixedWindow({ limit: 1, window: 1 })],
    });
    expect(() => rateLimit({ limiter, blockedStatus: 200 as never })).toThrow(
      "blockedStatus must be a whole number from 403 to 429, not 200",
    );
  });
});

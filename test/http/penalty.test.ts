import { Hono } from "hono";
import { createLimiter, fixedWindow, memoryStore, penalty } from "sluice";
import { rateLimit } from "sluice/hono";
import { describe, expect, test } from "vitest";
import { fields, passedClock } from "./setup.ts";

function rigOf(options: { blockedStatus?: 403 | 429; dryRun?: boolean } = {}) {
  const clock = passedClock();
  const limiter = createLimiter({
    name: "api",
    store: memoryStore(),
    policies: [
      fixedWindow({ name: "quota", limit: 1, window: "1 m" }),
      penalty({ after: 2, within: "1 h", for: "90 s" }),
    ],
    now: clock.now,
  });
  const app = new Hono().use(rateLimit({ limiter, key: () => "k", ...options })).get("/", (c) => c.text("served"));
  return { limiter, ask: async () => app.request("/") };
}

describe("requests of a blocked key", () => {
  test("are answered as those that a rule blocks, without quota fields", async () => {
    const { ask } = rigOf();
    expect((await ask()).status).toBe(200);
    const denied = await ask();
    expect(await denied.json()).toMatchObject({ title: "Quota Exceeded", "violated-policies": ["quota"] });
    for (let n = 0; n < 2; n += 1) {
      const response = await ask();
      expect(response.status).toBe(429);
      expect(fields(response)).toEqual({ "retry-after": "90" });
      expect(await response.json()).toEqual({
        type: "https://iana.org/assignments/http-problem-types#abnormal-usage-detected",
        title: "Blocked",
        status: 429,
        detail: "Try again in 90 s.",
        "retry-after": 90,
      });
    }
  });

  test("with 403, as is said", async () => {
    const { ask } = rigOf({ blockedStatus: 403 });
    for (let n = 0; n < 2; n += 1) await ask();
    expect((await ask()).status).toBe(403);
  });

  test("in a dry run are served, and nothing strikes", async () => {
    const { ask, limiter } = rigOf({ dryRun: true });
    for (let n = 0; n < 9; n += 1) expect(await (await ask()).text()).toBe("served");
    expect((await limiter.peek("k")).policy).toBe("quota");
    await limiter.block("k", "1 h");
    expect(await (await ask()).text()).toBe("served");
  });
});

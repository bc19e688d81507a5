import { afterEach, expect, inject, test, vi } from "vitest";

// A fresh Worker for each test, since it keeps its limiters, and so its way to Redis.
afterEach(() => vi.resetModules());

async function askDemo(secrets: Record<string, string>, path: string, times: number) {
  const { default: app } = await import("../../examples/demo/worker.ts");
  const asked = Array.from({ length: times }, () => app.request(path, { headers: { "x-api-key": "one" } }, secrets));
  return Promise.all(asked);
}

async function expectFallback(responses: readonly Response[], kind: string) {
  for (const response of responses) {
    expect(response.status).toBe(200);
    expect(response.headers.get("x-decided-by")).toBe("fallback");
    expect(response.headers.has("RateLimit")).toBe(false);
    const decision = await response.json();
    expect(decision).toMatchObject({ allowed: true, source: "fallback", error: { kind } });
    expect(decision).not.toHaveProperty("remaining");
  }
}

test("where nobody answers for Redis, requests pass and no counts are told", async () => {
  const secrets = { UPSTASH_REDIS_REST_URL: "http://127.0.0.1:1", UPSTASH_REDIS_REST_TOKEN: "none" };
  await expectFallback(await askDemo(secrets, "/api/bucket", 1), "network");
});

test.each(["/api/bucket", "/api/window"])(
  "where Redis refuses the token, more than the limit of %s pass",
  async (path) => {
    const secrets = { UPSTASH_REDIS_REST_URL: inject("restUrl"), UPSTASH_REDIS_REST_TOKEN: "wrong" };
    await expectFallback(await askDemo(secrets, path, 15), "auth");
  },
);

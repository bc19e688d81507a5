import { readFileSync } from "node:fs";
import type { Hono } from "hono";
import { afterEach, beforeEach, expect, inject, test, vi } from "vitest";
import { uniqueName } from "../../support/redis.ts";

const FILE = new URL("app.ts", import.meta.url);

beforeEach(() => {
  vi.stubEnv("UPSTASH_REDIS_REST_URL", inject("restUrl"));
  vi.stubEnv("UPSTASH_REDIS_REST_TOKEN", inject("restToken"));
  vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2040, 0, 5) });
  vi.resetModules();
});
afterEach(() => {
  vi.doUnmock("@upstash/ratelimit");
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

/** The app as it is written, or with its import switched. */
async function load(switched: boolean): Promise<Hono> {
  if (switched) vi.doMock("@upstash/ratelimit", () => import("sluice/upstash-ratelimit"));
  const { app } = await import("./app.ts");
  return app as unknown as Hono;
}

/** What five users get who ask for pages and exports over three minutes. */
async function served(app: Hono, run: string): Promise<string[]> {
  const told: string[] = [];
  for (let minute = 0; minute < 3; minute += 1) {
    // Two minutes on, nothing of the window before counts, which the packages round differently.
    vi.setSystemTime(Date.UTC(2040, 0, 5) + minute * 120_000);
    for (let i = 0; i < 30; i += 1) {
      for (const user of ["ann", "bob", "cid"]) {
        const method = i % 6 === 5 ? "POST" : "GET";
        const path = method === "POST" ? "/export" : "/";
        const response = await app.request(path, { method, headers: { "x-user": `${run} ${user}` } });
        const field = (name: string) => response.headers.get(`X-RateLimit-${name}`);
        told.push([path, response.status, field("Limit"), field("Remaining"), await response.text()].join(" "));
      }
    }
  }
  return told;
}

test("an app of thirty lines serves and denies the same after its import is switched", async () => {
  expect(readFileSync(FILE, "utf8").trim().split("\n").length).toBeLessThanOrEqual(32);
  const before = await served(await load(false), uniqueName());
  vi.resetModules();
  const after = await served(await load(true), uniqueName());
  expect(after).toEqual(before);
  const statuses = before.map((line) => line.split(" ")[1]);
  expect(statuses.filter((status) => status === "429").length).toBeGreaterThan(90);
  expect(statuses.filter((status) => status === "200").length).toBeGreaterThan(160);
});

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare, Response } from "miniflare";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let workerd: Miniflare;

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("worker.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
  });
  workerd = new Miniflare({
    modules: true,
    script: outputFiles[0]?.text as string,
    compatibilityDate: "2026-04-20",
    cf: false,
    outboundService: () => new Response("upstream", { headers: { RateLimit: '"upstream";r=7', "Set-Cookie": "a=1" } }),
  });
  await workerd.ready;
});

afterAll(() => workerd.dispose());

const from = (address: string, path: string, headers: Record<string, string> = {}) =>
  workerd.dispatchFetch(`https://api.test${path}`, { headers: { "CF-Connecting-IP": address, ...headers } });

describe("in workerd", () => {
  test("Cloudflare's header tells clients apart, and no other", async () => {
    const first = await from("2001:db8:1:2::3", "/hono/ip");
    expect([await first.text(), first.headers.get("RateLimit")]).toEqual([
      "2001:db8:1:2::/64",
      expect.stringMatching(/^"pair";r=1;t=\d+$/),
    ]);
    expect((await from("2001:db8:1:2::4", "/hono/ip", { "X-Forwarded-For": "192.0.2.9" })).status).toBe(200);
    const denied = await from("2001:db8:1:2::5", "/hono/ip", { "X-Real-IP": "192.0.2.9" });
    expect([denied.status, Number(denied.headers.get("Retry-After"))]).toEqual([429, expect.any(Number)]);
    expect(await denied.json()).toMatchObject({ "violated-policies": ["pair"] });
    expect((await from("2001:db8:1:3::3", "/hono/ip")).status).toBe(200);
  });

  test.each(["/hono", "/fetch"])("%s: WebSockets open and speak", async (shape) => {
    const { status, webSocket } = await from("198.51.100.1", `${shape}/socket`, { Upgrade: "websocket" });
    expect(status).toBe(101);
    const answer = new Promise((resolve) => webSocket?.addEventListener("message", ({ data }) => resolve(data)));
    webSocket?.accept();
    webSocket?.send("hello");
    expect(await answer).toBe("echo hello");
    webSocket?.close();
  });

  test.each(["/hono", "/fetch"])(
    "%s: what fetch returned is immutable and gets the fields all the same",
    async (shape) => {
      const response = await from("198.51.100.2", `${shape}/upstream`);
      expect(await response.text()).toBe("upstream");
      expect(response.headers.get("RateLimit")).toMatch(/^"upstream";r=7, "pair";r=1;t=\d+$/);
      expect(response.headers.get("Set-Cookie")).toBe("a=1");
    },
  );

  test("a plain handler reads the decision of its request", async () => {
    expect(await (await from("198.51.100.3", "/fetch/")).json()).toMatchObject({ allowed: true, remaining: 1 });
  });

  test("refunds run behind the response, so that only failures count", async () => {
    const statuses: number[] = [];
    for (const path of ["/login?right=1", "/login?right=1", "/login?right=1", "/login", "/login", "/login?right=1"]) {
      statuses.push((await from("198.51.100.4", path)).status);
    }
    expect(statuses).toEqual([200, 200, 200, 401, 401, 429]);
    expect(await (await from("198.51.100.4", "/left")).json()).toMatchObject({ remaining: 0 });
  });
});

import { afterEach, describe, expect, test } from "vitest";
import { type Example, exampleOf } from "./example.ts";
import { expectLimit } from "./expect-limit.ts";
import { platform } from "./platforms.ts";
import { run, tool, wranglerOptions } from "./processes.ts";

let example: Example | undefined;

afterEach(async () => {
  await example?.end();
  example = undefined;
});

const wrangler = (...ports: [number, number]) =>
  ["node", tool("wrangler/bin/wrangler.js"), "dev", ...wranglerOptions(...ports)] as const;

/** What the limiter has stored, and so whose quota it took the request for. */
const storedKeys = async ({ redis }: Example) => (await redis.keys("*")).sort();

describe("examples, installed from the packed library", () => {
  test("cloudflare-worker: Hono under wrangler dev", async () => {
    example = await exampleOf("cloudflare-worker");
    const url = await example.serve(wrangler);
    expect(await (await fetch(url)).text()).toContain("/api/hello");
    await expectLimit(`${url}/api/hello`);
    expect(await storedKeys(example)).toEqual(["hello:b10s+s1h:127.0.0.1"]);
  });

  test("cloudflare-fetch: a plain handler under wrangler dev", async () => {
    example = await exampleOf("cloudflare-fetch");
    await expectLimit(await example.serve(wrangler));
    expect(await storedKeys(example)).toEqual(["hello:b10s:127.0.0.1"]);
  });

  test("node-hono: Hono on Node", async () => {
    example = await exampleOf("node-hono");
    await expectLimit(await example.serve(() => ["node", tool("tsx/dist/cli.mjs"), "--env-file=.env", "server.ts"]));
    expect(await storedKeys(example)).toEqual(["hello:b10s:127.0.0.1"]);
  });

  test.each(["express", "fastify"])("%s on Node", async (name) => {
    example = await exampleOf(name);
    await expectLimit(await example.serve(() => ["node", tool("tsx/dist/cli.mjs"), "--env-file=.env", "server.ts"]));
    expect(await storedKeys(example)).toEqual(["hello:b10s:127.0.0.1"]);
  });

  test("bun: Bun's default export", async () => {
    const bun = await platform("bun");
    example = await exampleOf("bun");
    await expectLimit(await example.serve(() => [bun, "server.ts"]));
    expect(await storedKeys(example)).toEqual(["hello:b10s:127.0.0.1"]);
  });

  test("deno: Deno.serve, type-checked by Deno", async () => {
    const deno = await platform("deno");
    example = await exampleOf("deno");
    await run(deno, ["check", "server.ts"], example.folder);
    await expectLimit(
      await example.serve(() => [deno, "run", "--allow-net", "--allow-env", "--env-file=.env", "server.ts"]),
    );
    expect(await storedKeys(example)).toEqual(["hello:b10s:127.0.0.1"]);
  });
});

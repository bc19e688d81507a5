import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Example, exampleOf } from "./example.ts";
import { expectLimit } from "./expect-limit.ts";
import { run } from "./processes.ts";

const env = { NEXT_TELEMETRY_DISABLED: "1" };
let example: Example;

beforeAll(async () => {
  example = await exampleOf("vercel-next", { dev: true });
});

afterAll(() => example?.end());

/** Builds and starts it, and asks as Vercel would: with the client's address in a field of Vercel's own. */
async function expectLimited(address: string): Promise<void> {
  const next = join(example.folder, "node_modules/.bin/next");
  await run(next, ["build"], example.folder, env);
  const url = await example.serve((port) => [next, "start", "-p", `${port}`], { ...env, VERCEL: "1" });
  await expectLimit(`${url}/api/hello`, { headers: { "x-real-ip": address } });
  expect(await example.redis.keys(`*${address}`)).toEqual([`hello:b10s:${address}`]);
}

test("vercel-next: next dev", async () => {
  const next = join(example.folder, "node_modules/.bin/next");
  const url = await example.serve((port) => [next, "dev", "-p", `${port}`], { ...env, VERCEL: "1" });
  await expectLimit(`${url}/api/hello`, { headers: { "x-real-ip": "192.0.2.3" } });
}, 240_000);

describe("vercel-next: next build, next start", () => {
  test("proxy.ts, which runs on Node", () => expectLimited("192.0.2.1"), 240_000);

  test("the same as middleware.ts, which runs on the edge runtime", async () => {
    const proxy = join(example.folder, "proxy.ts");
    const code = await readFile(proxy, "utf8");
    await rm(proxy);
    const middleware = code.replace("export const proxy", "export const middleware");
    await writeFile(join(example.folder, "middleware.ts"), middleware);
    await expectLimited("192.0.2.2");
  }, 240_000);
});

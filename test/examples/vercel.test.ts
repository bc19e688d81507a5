import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Example, exampleOf } from "./example.ts";
import { platform } from "./platforms.ts";
import { run, tool } from "./processes.ts";

/** As much of edge-runtime as is used here. */
interface EdgeRuntime {
  evaluate(code: string): void;
  dispatchFetch(url: string, init?: RequestInit): Promise<Response>;
}
type EdgeRuntimeModule = {
  EdgeRuntime: new (options: { extend(context: Record<string, unknown>): unknown }) => EdgeRuntime;
};

let example: Example;
let runtime: EdgeRuntime;

beforeAll(async () => {
  const edge = createRequire(import.meta.url)(await platform("edge-runtime")) as EdgeRuntimeModule;
  example = await exampleOf("vercel-middleware");
  const entry = join(example.folder, "entry.ts");
  await writeFile(
    entry,
    `import middleware from "./middleware.ts";
     addEventListener("fetch", (event) => event.respondWith(middleware(event.request, event)));`,
  );
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "iife",
    conditions: ["edge-light"],
  });
  const env = { ...example.environment, VERCEL: "1" };
  runtime = new edge.EdgeRuntime({ extend: (context) => Object.assign(context, { process: { env } }) });
  runtime.evaluate(outputFiles[0]?.text as string);
});

afterAll(() => example?.end());

/** Vercel overwrites this field with the client's address. */
const from = (address: string) =>
  runtime.dispatchFetch("https://app.test/api/hello", { headers: { "x-real-ip": address } });

describe("vercel-middleware, in the edge runtime", () => {
  test("lets pass, with the fields, and denies", async () => {
    const passed = await from("192.0.2.1");
    expect(passed.headers.get("x-middleware-next")).toBe("1");
    expect(passed.headers.get("RateLimit")).toMatch(/^"5-per-10s";r=4;t=\d+$/);
    let response = passed;
    for (let asked = 1; response.status === 200 && asked < 50; asked += 1) response = await from("192.0.2.1");
    expect(response.status).toBe(429);
    expect(response.headers.get("x-middleware-next")).toBeNull();
    expect(Number(response.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
    expect((await from("192.0.2.2")).status).toBe(200);
    expect((await example.redis.keys("*")).sort()).toEqual(["hello:b10s:192.0.2.1", "hello:b10s:192.0.2.2"]);
  });

  test("type-checks", async () => {
    const flags = ["--noEmit", "--strict", "--target", "es2022", "--module", "preserve", "--skipLibCheck"];
    const types = ["--types", "node", "--typeRoots", tool("@types")];
    await run("node", [tool("typescript/bin/tsc"), ...flags, ...types, "middleware.ts"], example.folder);
  });
});

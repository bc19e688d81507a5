import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Example, exampleOf } from "./example.ts";
import { expectLimit } from "./expect-limit.ts";
import { run, tool, wranglerOptions } from "./processes.ts";

const ADAPTERS = ["@sveltejs/adapter-cloudflare@7.2.9", "@sveltejs/adapter-vercel@6.3.4"];

/** One build for both: SvelteKit hands what it has built to an adapter, and is not asked again. */
const CONFIG = `
  import cloudflare from "@sveltejs/adapter-cloudflare";
  import vercel from "@sveltejs/adapter-vercel";

  async function adapt(builder) {
    for (const adapter of [cloudflare(), vercel({ runtime: "nodejs22.x" })]) await adapter.adapt(builder);
  }

  export default { kit: { adapter: { name: "both", adapt } } };
`;

/** What adapter-cloudflare's own documentation asks for. */
const WRANGLER = {
  name: "sveltekit",
  main: ".svelte-kit/cloudflare/_worker.js",
  compatibility_date: "2026-04-20",
  compatibility_flags: ["nodejs_als"],
  assets: { binding: "ASSETS", directory: ".svelte-kit/cloudflare" },
};

let example: Example;
/** The functions as Vercel has them: with no node_modules above them. */
let functions: string;

beforeAll(async () => {
  example = await exampleOf("sveltekit", { dev: true });
  const { folder } = example;
  functions = await mkdtemp(join(tmpdir(), "sluice-functions-"));
  // Not with wrangler, which adapter-cloudflare wants: there is one here.
  const flags = ["--no-save", "--legacy-peer-deps", "--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock"];
  await run("npm", ["install", ...flags, ...ADAPTERS], folder);
  await symlink(tool("wrangler"), join(folder, "node_modules/wrangler"));
  await writeFile(join(folder, "svelte.config.js"), CONFIG);
  await writeFile(join(folder, "wrangler.json"), JSON.stringify(WRANGLER));
  // Where apps are built there is no database: what asked it would fail the build.
  await rename(join(folder, ".env"), join(folder, ".env.later"));
  await run(join(folder, "node_modules/.bin/vite"), ["build"], folder);
  await rename(join(folder, ".env.later"), join(folder, ".env"));
  await rename(join(folder, ".vercel/output/functions"), join(functions, "functions"));
});

afterAll(async () => {
  await example?.end();
  if (functions) await rm(functions, { recursive: true });
});

async function expectOneQuota(url: string): Promise<void> {
  await example.redis.flushdb();
  // What a client says of its address counts on neither platform.
  await expectLimit(`${url}/api/hello`, { headers: { "x-forwarded-for": "192.0.2.1", "x-real-ip": "192.0.2.2" } });
  expect(await example.redis.keys("*")).toEqual(["hello:b10s:127.0.0.1"]);
}

test("adapter-cloudflare: wrangler dev", async () => {
  const command = ["node", tool("wrangler/bin/wrangler.js"), "dev"] as const;
  const url = await example.serve((...ports) => [...command, ...wranglerOptions(...ports)]);
  await expectOneQuota(url);
  const prerendered = await fetch(url);
  expect([prerendered.status, prerendered.headers.get("RateLimit")]).toEqual([200, null]);
  expect(await prerendered.text()).toContain("Prerendered");
});

test("adapter-vercel: its function on Node", async () => {
  const program = fileURLToPath(new URL("vercel-function.ts", import.meta.url));
  const command = ["node", tool("tsx/dist/cli.mjs"), program, join(functions, "functions/api/hello.func")] as const;
  const url = await example.serve(() => command, { ...example.environment, VERCEL: "1" });
  await expectOneQuota(url);
});

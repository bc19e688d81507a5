import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { Redis } from "@upstash/redis";
import { afterEach, expect, test } from "vitest";
import { blocksOf } from "../docs/blocks.ts";
import { type Example, emptyFolder } from "./example.ts";
import { expectLimit } from "./expect-limit.ts";
import { tool } from "./processes.ts";

let example: Example | undefined;

afterEach(() => example?.end());

test("README: from an empty folder to a limited Worker", async () => {
  const worker = blocksOf("README.md").find(({ label }) => label === "index.ts");
  const commands = blocksOf("README.md").find(
    ({ language, code }) => language === "sh" && code.includes("wrangler dev"),
  );
  const lines = commands?.code.split("\n").map((line) => line.replace(/#.*/, "").trim()) ?? [];
  const installed = lines.find((line) => line.startsWith("npm install ")) as string;
  const started = lines.find((line) => line.startsWith("npx sluice ")) as string;
  const packages = installed.split(" ").slice(2);
  expect(packages).toEqual(["sluice", "hono", "wrangler"]);
  const [, , ...words] = started.split(" ");
  const at = words.indexOf("--");
  const [npx, wrangler, ...args] = words.slice(at + 1);
  expect([npx, wrangler]).toEqual(["npx", "wrangler"]);

  // Wrangler is this repository's own: the same program, without another 200 MB.
  example = await emptyFolder({ "index.ts": worker?.code as string }, ["hono"]);
  const { folder, serve } = example;
  const url = await serve((port) => {
    const own = [join(folder, "node_modules/.bin/sluice"), ...words.slice(0, at), "--port", "0", "--"] as const;
    return [...own, "node", tool("wrangler/bin/wrangler.js"), ...args, "--ip", "127.0.0.1", "--port", `${port}`];
  });
  await expectLimit(url);
  const { UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN } = parseEnv(await readFile(join(folder, ".env"), "utf8"));
  const redis = new Redis({ url: UPSTASH_REDIS_REST_URL as string, token: UPSTASH_REDIS_REST_TOKEN as string });
  expect(await redis.keys("*")).toEqual(["api:b10s:127.0.0.1"]);
});

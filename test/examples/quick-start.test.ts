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
  const started = lines.find((line) => line.startsWith("npx wrangler ")) as string;
  const packages = installed.split(" ").slice(2);
  expect(packages).toEqual(["sluice", "hono", "@upstash/redis", "wrangler"]);

  // Wrangler is this repository's own: the same program, without another 200 MB.
  example = await emptyFolder({ "index.ts": worker?.code as string }, ["hono", "@upstash/redis"]);
  const url = await example.serve((port) => {
    const [, , ...args] = started.split(" ");
    return ["node", tool("wrangler/bin/wrangler.js"), ...args, "--ip", "127.0.0.1", "--port", `${port}`];
  });
  await expectLimit(url);
  expect(await example.redis.keys("*")).toEqual(["api:b10s:127.0.0.1"]);
});

// Measures what a Worker bundles of this package, minified and gzipped, without the peers. Fails above the budget.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const BUDGET_BYTES = 8000;

const root = fileURLToPath(new URL("..", import.meta.url));

/** What is imported, and whether the budget holds for it. */
const cases: readonly { code: string; budget?: boolean }[] = [
  { code: `export * from "sluice"; export * from "sluice/hono"`, budget: true },
  { code: `export { createLimiter, redisStore, tokenBucket } from "sluice"; export { rateLimit } from "sluice/hono"` },
  { code: `export * from "sluice"` },
  { code: `export * from "sluice/hono"` },
  { code: `export * from "sluice/fetch"` },
];

for (const { code, budget } of cases) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root, loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    external: ["hono", "@upstash/redis"],
  });
  const bytes = gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
  const over = budget === true && bytes > BUDGET_BYTES;
  console.log(`${String(bytes).padStart(6)} B${budget ? ` of ${BUDGET_BYTES}` : ""}  ${code}${over ? "  OVER BUDGET" : ""}`);
  if (over) process.exitCode = 1;
}

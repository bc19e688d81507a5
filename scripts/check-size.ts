// Measures what a Worker bundles of this package, minified and gzipped, without the peers. Fails above the budget.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const BUDGET_BYTES = 8000;

const root = fileURLToPath(new URL("..", import.meta.url));

/** What is imported, and whether the budget holds for it. */
const cases: readonly { name: string; code: string; budget?: boolean }[] = [
  {
    name: "a Worker with one policy",
    code: `export { createLimiter, redisStore, tokenBucket } from "sluice"; export { clientIp, rateLimit } from "sluice/hono"`,
    budget: true,
  },
  { name: "everything of sluice and sluice/hono", code: `export * from "sluice"; export * from "sluice/hono"` },
  { name: "everything of sluice", code: `export * from "sluice"` },
  { name: "rateLimit alone", code: `export { rateLimit } from "sluice/hono"` },
  { name: "withRateLimit alone", code: `export { withRateLimit } from "sluice/fetch"` },
];

for (const { name, code, budget } of cases) {
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
  console.log(`${String(bytes).padStart(6)} B  ${name}${budget ? ` (at most ${BUDGET_BYTES} B)` : ""}`);
  if (over) {
    console.error(`${name}: ${bytes - BUDGET_BYTES} B over the budget`);
    process.exitCode = 1;
  }
}

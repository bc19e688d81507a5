// Measures what a Worker bundles of this package, minified and gzipped, without the peers. Fails above the budget, which
// is what it takes today and a little room: growth has to be meant. Fails, too, where docs/costs.md says something else;
// `--write` mends its figures.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What docs/costs.md may be off, in bytes: its figures are kB with one decimal. */
const ROUNDING = 120;

/** What is imported, and the most bytes that it may take; with `beside`, the most that it may add to that. */
const cases: readonly { name: string; code: string; beside?: string; most?: number }[] = [
  {
    name: "a Worker with one policy",
    code: `export { createLimiter, redisStore, tokenBucket } from "sluice"; export { clientIp, rateLimit } from "sluice/hono"`,
    most: 14_110,
  },
  {
    name: "everything of sluice and sluice/hono",
    code: `export * from "sluice"; export * from "sluice/hono"`,
    most: 50_140,
  },
  {
    name: "leases, beside createLimiter",
    code: `export { createLimiter, leases, redisStore, tokenBucket } from "sluice"`,
    beside: `export { createLimiter, redisStore, tokenBucket } from "sluice"`,
    most: 4370,
  },
  {
    name: "leasedWindows, beside leases",
    code: `export { calendar, createLimiter, fixedWindow, leasedWindows, leases, redisStore } from "sluice"`,
    beside: `export { calendar, createLimiter, fixedWindow, leases, redisStore } from "sluice"`,
    most: 1260,
  },
  {
    name: "regions, beside createLimiter",
    code: `export { createLimiter, redisStore, regions, tokenBucket } from "sluice"`,
    beside: `export { createLimiter, redisStore, tokenBucket } from "sluice"`,
    most: 4910,
  },
  {
    name: "a Worker with one policy and rules",
    code: `export { createLimiter, redisStore, rules, tokenBucket } from "sluice"; export { clientIp, rateLimit } from "sluice/hono"`,
    most: 18_630,
  },
  {
    name: "penalty, beside createLimiter",
    code: `export { createLimiter, penalty, redisStore, tokenBucket } from "sluice"`,
    beside: `export { createLimiter, redisStore, tokenBucket } from "sluice"`,
    most: 6550,
  },
  ...["allOf", "anyOf", "inFlight", "parts", "calendar"].map((name) => ({
    name: `${name}, beside createLimiter`,
    code: `export { createLimiter, ${name}, redisStore, tokenBucket } from "sluice"`,
    beside: `export { createLimiter, redisStore, tokenBucket } from "sluice"`,
  })),
  { name: "everything of sluice", code: `export * from "sluice"` },
  { name: "rateLimit alone", code: `export { rateLimit } from "sluice/hono"` },
  { name: "rateLimit of sluice/node alone", code: `export { rateLimit } from "sluice/node"` },
  { name: "withRateLimit alone", code: `export { withRateLimit } from "sluice/fetch"` },
  {
    name: "a Worker with one policy and analytics",
    code: `export { createLimiter, redisStore, tokenBucket } from "sluice"; export { clientIp, rateLimit } from "sluice/hono"; export { analytics } from "sluice/analytics"`,
    most: 16_870,
  },
  { name: "otel alone", code: `export { otel } from "sluice/otel"`, most: 1100 },
  { name: "retryAfterOf alone", code: `export { retryAfterOf } from "sluice/client"`, most: 740 },
  { name: "createFetch alone", code: `export { createFetch } from "sluice/client"`, most: 2150 },
  { name: "everything of sluice/client", code: `export * from "sluice/client"`, most: 2430 },
  { name: "dashboard alone", code: `export { dashboard } from "sluice/dashboard"` },
  { name: "upstashClient alone", code: `export { upstashClient } from "sluice/upstash"` },
  {
    name: "Ratelimit alone, of sluice/upstash-ratelimit",
    code: `export { Ratelimit } from "sluice/upstash-ratelimit"`,
    most: 24_790,
  },
  {
    name: "everything of sluice/upstash-ratelimit",
    code: `export * from "sluice/upstash-ratelimit"`,
    most: 31_040,
  },
  { name: "ioredisClient alone", code: `export { ioredisClient } from "sluice/ioredis"`, most: 820 },
  { name: "nodeRedisClient alone", code: `export { nodeRedisClient } from "sluice/node-redis"`, most: 760 },
];

const PAGE = `${root}docs/costs.md`;
let page = readFileSync(PAGE, "utf8");
const rows = new Map(
  [...page.matchAll(/^\| ([^|]+) \| ([\d.]+) kB \|$/gm)].map(([row, name = "", kB]) => [
    name,
    { row, bytes: Number(kB) * 1000 },
  ]),
);

for (const { name, code, beside, most } of cases) {
  const bytes = (await bundled(code)) - (beside ? await bundled(beside) : 0);
  console.log(`${String(bytes).padStart(6)} B  ${name}${most ? ` (at most ${most} B)` : ""}`);
  if (most && bytes > most) {
    console.error(`${name}: ${bytes - most} B over the budget`);
    process.exitCode = 1;
  }
  const told = rows.get(name);
  if (told && Math.abs(told.bytes - bytes) <= ROUNDING) continue;
  if (told && process.argv.includes("--write")) {
    page = page.replace(told.row, `| ${name} | ${(bytes / 1000).toFixed(1)} kB |`);
    continue;
  }
  console.error(
    `${name}: ${told ? told.row : "no row"} in docs/costs.md. Mend figures with: npm run check:size -- --write`,
  );
  process.exitCode = 1;
}
if (process.argv.includes("--write")) writeFileSync(PAGE, page);

async function bundled(code: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root, loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    external: ["hono", "@upstash/redis"],
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

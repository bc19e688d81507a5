import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";
import { closingLine } from "./test/closing-line.ts";
import { quietWorkerd } from "./test/quiet-workerd.ts";

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url));

export const alias = [
  { find: /^sluice$/, replacement: source("index.ts") },
  { find: /^sluice\/hono$/, replacement: source("http/hono.ts") },
  { find: /^sluice\/fetch$/, replacement: source("http/fetch.ts") },
  { find: /^sluice\/analytics$/, replacement: source("observe/analytics/analytics.ts") },
  { find: /^sluice\/otel$/, replacement: source("observe/otel.ts") },
  { find: /^sluice\/node$/, replacement: source("http/node/node.ts") },
  { find: /^sluice\/client$/, replacement: source("http/client/client.ts") },
  { find: /^sluice\/testing$/, replacement: source("testing/testing.ts") },
  { find: /^sluice\/testing\/vitest$/, replacement: source("testing/matchers.ts") },
  { find: /^sluice\/redis-rest$/, replacement: source("server/rest/server.ts") },
  { find: /^sluice\/dashboard$/, replacement: source("dashboard/dashboard.ts") },
  { find: /^sluice\/upstash$/, replacement: source("store/upstash.ts") },
  {
    find: /^sluice\/upstash-ratelimit$/,
    replacement: source("compat/upstash-ratelimit/upstash-ratelimit.ts"),
  },
  { find: /^sluice\/ioredis$/, replacement: source("store/ioredis.ts") },
  { find: /^sluice\/node-redis$/, replacement: source("store/node-redis.ts") },
];

const resolve = { alias };

/** Nothing is asserted on how long a test takes: on a machine that is busy with something else it may take its time. */
export const patience = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 30_000 } } };

/** Two at least, though there be two processors: many a test waits, for a server, a process or a hold to end. */
export const maxWorkers = Math.max(2, availableParallelism() - 1);

export default defineConfig({
  test: {
    maxWorkers,
    reporters: ["default", quietWorkerd, closingLine],
    // Here and not in the projects, which don't extend this: so it runs once for all of them.
    globalSetup: ["./test/temporary-folder.ts", "./test/global-set-up.ts"],
    projects: [
      {
        resolve,
        test: {
          ...patience,
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: [
            "test/workerd/**",
            "test/browser/**",
            "test/examples/**",
            "test/servers/**",
            "test/docs/testing/**",
          ],
        },
      },
      {
        resolve,
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              cf: false,
              bindings: {
                UPSTASH_REDIS_REST_URL: inject("restUrl"),
                UPSTASH_REDIS_REST_TOKEN: inject("restToken"),
              },
            },
          })),
        ],
        test: {
          ...patience,
          name: "workerd",
          include: ["test/workerd/**/*.test.ts"],
          // A Redis of their own: these tests make it forget scripts.
          globalSetup: ["./test/global-set-up.ts"],
        },
      },
      // The tests that docs/testing.md shows, with the set-up that it shows.
      {
        resolve,
        test: {
          ...patience,
          name: "testing",
          include: ["test/docs/testing/*.test.ts"],
          globalSetup: ["./test/docs/testing/redis-rest-set-up.ts"],
        },
      },
      { extends: "./test/docs/testing/workers/vitest.config.ts", resolve, test: patience },
      // Nine servers from Debian's archive, unpacked into temporary folders: `npm run test:servers`.
      { resolve, test: { ...patience, name: "servers", hookTimeout: 180_000, include: ["test/servers/**/*.test.ts"] } },
      // A browser is much to install: `npm run test:browser`.
      {
        resolve,
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 40_000,
          expect: { poll: { timeout: 5000 } },
        },
      },
    ],
  },
});

import { defineConfig } from "tsdown";
import { thirdPartyNotices } from "./scripts/build/third-party-notices.ts";

const shared = { format: "esm", target: "es2022", fixedExtension: false } as const;

// Two builds: what a Worker bundles has no dependencies; the command line carries its own, bundled, so that
// installing sluice installs nothing else.
export default defineConfig([
  {
    ...shared,
    platform: "neutral",
    // For who steps into the library; of the command line it would be mostly others' code.
    sourcemap: true,
    dts: true,
    entry: {
      index: "src/index.ts",
      hono: "src/http/hono.ts",
      fetch: "src/http/fetch.ts",
      analytics: "src/observe/analytics/analytics.ts",
      otel: "src/observe/otel.ts",
      node: "src/http/node/node.ts",
      client: "src/http/client/client.ts",
      testing: "src/testing/testing.ts",
      "testing-vitest": "src/testing/matchers.ts",
      dashboard: "src/dashboard/dashboard.ts",
      upstash: "src/store/upstash.ts",
      "upstash-ratelimit": "src/compat/upstash-ratelimit/upstash-ratelimit.ts",
      ioredis: "src/store/ioredis.ts",
      "node-redis": "src/store/node-redis.ts",
    },
  },
  {
    ...shared,
    platform: "node",
    dts: true,
    clean: false,
    plugins: [thirdPartyNotices()],
    entry: { cli: "src/server/cli/sluice.ts", "redis-rest": "src/server/rest/server.ts" },
    // Hono is a peer of the library, which a user of the command line need not have.
    deps: { alwaysBundle: [/^hono(\/|$)/], onlyBundle: false },
  },
]);

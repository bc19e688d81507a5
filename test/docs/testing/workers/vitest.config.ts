import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [
    cloudflareTest(({ inject }) => ({
      main: "./test/docs/testing/worker.ts",
      miniflare: {
        compatibilityDate: "2026-04-20",
        bindings: { URL: inject("upstash").url, TOKEN: inject("upstash").token, NAMESPACE: "worker" },
      },
    })),
  ],
  test: {
    name: "testing-workerd",
    include: ["test/docs/testing/workers/*.test.ts"],
    globalSetup: ["./test/docs/testing/redis-rest-set-up.ts"],
  },
});

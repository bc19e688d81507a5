import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url));

export const alias = [
  { find: /^sluice$/, replacement: source("index.ts") },
  { find: /^sluice\/hono$/, replacement: source("http/hono.ts") },
  { find: /^sluice\/fetch$/, replacement: source("http/fetch.ts") },
  { find: /^sluice\/upstash$/, replacement: source("store/upstash.ts") },
];

export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/workerd/**"],
          globalSetup: ["./test/global-set-up.ts"],
        },
      },
    ],
  },
});

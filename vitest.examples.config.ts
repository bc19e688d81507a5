import { defineConfig } from "vitest/config";
import { maxWorkers } from "./vitest.config.ts";

// Each example is installed from the packed tarball and started as its users would: `npm run test:examples`. Next builds
// for a while, so it has a command of its own: `npm run test:next`.
export default defineConfig({
  test: {
    maxWorkers,
    include: ["test/examples/**/*.test.ts"],
    globalSetup: ["./test/temporary-folder.ts", "./test/examples/pack.ts"],
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});

import { defineConfig } from "tsdown";

const shared = { format: "esm", target: "es2022", fixedExtension: false } as const;

// Two builds: what a Worker bundles has no dependencies; the command line carries its own, bundled, so that
// installing sluice installs nothing else.
export default defineConfig([
  {
    ...shared,
    platform: "neutral",
    dts: true,
    entry: { index: "src/index.ts", hono: "src/http/hono.ts", fetch: "src/http/fetch.ts" },
  },
  { ...shared, platform: "node", dts: false, clean: false, entry: { cli: "src/cli.ts" } },
]);

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Runs a module of this repository as a Worker under workerd, with nothing of Node's. */
export async function startWorker(
  path: string,
  bindings: Record<string, string>,
  compatibilityFlags: string[] = [],
): Promise<Miniflare> {
  const { outputFiles } = await build({
    entryPoints: [root(path)],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser", "import"],
    alias: {
      sluice: root("src/index.ts"),
      "sluice/fetch": root("src/http/fetch.ts"),
      "sluice/analytics": root("src/observe/analytics/analytics.ts"),
      "sluice/dashboard": root("src/dashboard/dashboard.ts"),
      "sluice/hono": root("src/http/hono.ts"),
      "sluice/upstash": root("src/store/upstash.ts"),
    },
  });
  const worker = new Miniflare({
    modules: [{ type: "ESModule", path: "worker.js", contents: outputFiles[0]?.text ?? "" }],
    compatibilityDate: "2026-04-20",
    compatibilityFlags,
    cf: false,
    bindings,
  });
  await worker.ready;
  return worker;
}

import { join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions as optionsOf } from "wrangler";

/** An example's Worker as its `wrangler.toml` and `.env` say, with other variables besides, in workerd without the proxy of `wrangler dev`. */
export async function startWorker(folder: string, vars: Record<string, string>): Promise<Miniflare> {
  const { workerOptions, main } = optionsOf(join(folder, "wrangler.toml"));
  const { outputFiles } = await build({
    entryPoints: [main as string],
    bundle: true,
    write: false,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
  });
  const bindings = { ...workerOptions.bindings, ...vars };
  const modules = [{ type: "ESModule" as const, path: "worker.js", contents: outputFiles[0]?.text ?? "" }];
  const worker = new Miniflare({ ...workerOptions, bindings, modules, cf: false });
  await worker.ready;
  return worker;
}

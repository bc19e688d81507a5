import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Where bundles for one run lie: inside node_modules, so that what they leave external is found. */
const folder = join(root, "node_modules/.cache/sluice-bench");

/**
 * A program of the bench as plain JavaScript, as a published package would be: what runs TypeScript directly keeps
 * function names with extra calls, which would slow this project's code and not that of the others.
 */
export async function bundleForNode(entry: string): Promise<string> {
  const outfile = join(folder, entry.replace(/[^a-z]+/g, "-").replace(/-ts$/, ".mjs"));
  const entryPoints = [join(root, entry)];
  await build({ entryPoints, outfile, bundle: true, platform: "node", format: "esm", packages: "external" });
  return outfile;
}

/** The same for workerd, everything inside: the text of one module. */
export async function bundleForWorkerd(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, entry)],
    bundle: true,
    write: false,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*"],
  });
  return outputFiles[0]?.text ?? "";
}

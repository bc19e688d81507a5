import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { repository, run } from "./processes.ts";

/** Runtimes that only these tests need: hundreds of megabytes that no `npm ci` should fetch. */
const VERSIONS = { bun: "1.3.0", deno: "2.9.6", "edge-runtime": "4.0.1" };

/** Installs a runtime once, beside this repository's own packages, and returns the path of its program or module. */
export async function platform(name: keyof typeof VERSIONS): Promise<string> {
  const folder = `${repository}node_modules/.cache/platforms/${name}@${VERSIONS[name]}`;
  const path = `${folder}/node_modules/${name === "edge-runtime" ? name : `.bin/${name}`}`;
  if (existsSync(path)) return path;
  await mkdir(dirname(folder), { recursive: true });
  // Beside it and renamed when it is whole, since two files of tests may want it at the same time.
  const draft = await mkdtemp(`${folder}-`);
  await writeFile(`${draft}/package.json`, JSON.stringify({ private: true, allowScripts: { [name]: true } }));
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", `${name}@${VERSIONS[name]}`], draft);
  await rename(draft, folder).catch(async (error) => {
    await rm(draft, { recursive: true });
    if (!existsSync(path)) throw error;
  });
  return path;
}

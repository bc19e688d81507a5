import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readApart } from "../lib/apart.ts";
import { root } from "../lib/bundle.ts";
import type { Raw } from "../raw.ts";
import { plots } from "./plots.ts";
import { results } from "./results.ts";
import type { MeasuredApart } from "./tables-apart.ts";

/** Where the results that the README shows lie. */
export const FOLDER = join(root, "bench");
export const RAW = "results/raw.json";

/** Reads `results/raw.json` in the folder and writes RESULTS.md and the plots beside it. */
export async function report(folder: string): Promise<void> {
  const raw: Raw = JSON.parse(await readFile(join(folder, RAW), "utf8"));
  await mkdir(join(folder, "results"), { recursive: true });
  for (const [name, svg] of Object.entries(plots(raw))) await writeFile(join(folder, "results", `${name}.svg`), svg);
  await writeFile(join(folder, "RESULTS.md"), results(raw, await apartIn(folder)));
}

/** What the programs of their own have measured, as far as the folder has it. */
export const apartIn = async (folder: string): Promise<MeasuredApart> => ({
  node: await readApart(folder, "node"),
  client: await readApart(folder, "client"),
});

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Measured, measure } from "./measure.ts";
import { scalePlots } from "./plots.ts";
import { VARIANTS } from "./variants.ts";

const ISOLATES = [1, 10, 32, 100, 1000, 10_000];
const LOADS = [0.1, 0.5, 1, 2, 4, 10, 40];

/** Beside what `npm run bench` measures. */
export const FOLDER = fileURLToPath(new URL("../../../bench/results/", import.meta.url));

/** Runs the whole grid and writes its figures and plots; tells each point when it is done. */
export async function runScale(folder: string, say: (text: string) => void): Promise<void> {
  const rows: Measured[] = [];
  for (const variant of VARIANTS) {
    for (const isolates of ISOLATES) {
      for (const load of LOADS) {
        const row = await measure(variant, { isolates, load });
        rows.push(row);
        say(
          `${variant.name}, ${isolates} isolates, ${load} × the limit: ${(row.trips / row.calls).toFixed(3)} trips a call`,
        );
      }
    }
  }
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "scale.json"), `${JSON.stringify({ rows }, null, 1)}\n`);
  for (const [name, svg] of Object.entries(scalePlots({ rows }))) await writeFile(join(folder, `${name}.svg`), svg);
}

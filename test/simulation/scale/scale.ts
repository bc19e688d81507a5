import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Measured, measure } from "./measure.ts";
import { scalePlots } from "./plots.ts";
import { regionPlots } from "./region-plots.ts";
import { REGION_VARIANTS, type RegionPoint } from "./region-variants.ts";
import { type Point, VARIANTS, type Variant } from "./variants.ts";

type Say = (text: string) => void;

const ISOLATES = [1, 10, 32, 100, 1000, 10_000];
const LOADS = [0.1, 0.5, 1, 2, 4, 10, 40];

const REGIONS = [1, 2, 3, 4, 5, 6, 8, 10];
const REGION_LOADS = [0.1, 0.5, 0.9, 2, 4];

/** Beside what `npm run bench` measures. */
export const FOLDER = fileURLToPath(new URL("../../../bench/results/", import.meta.url));

/** What `npm run simulate -- --scale` draws by: each runs a whole grid, and writes its figures and plots. */
export const SCALES = {
  async isolates(folder: string, say: Say): Promise<void> {
    const points = ISOLATES.flatMap((isolates) => LOADS.map((load) => ({ isolates, load })));
    const rows = await measured(VARIANTS, points, say);
    await write(folder, "scale", rows, scalePlots({ rows }));
  },
  async regions(folder: string, say: Say): Promise<void> {
    const points = REGIONS.flatMap((regions) => REGION_LOADS.map((load) => ({ regions, isolates: 40, load })));
    const rows = await measured<RegionPoint>(REGION_VARIANTS, points, say);
    await write(folder, "scale-regions", rows, regionPlots({ rows }));
  },
} as const;

export type ScaleName = keyof typeof SCALES;

/** Tells each point when it is done. */
async function measured<At extends Point>(variants: readonly Variant<At>[], points: readonly At[], say: Say) {
  const rows: (Measured & At)[] = [];
  for (const variant of variants) {
    for (const point of points) {
      const row = await measure(variant, point);
      rows.push(row);
      const at = Object.entries(point).map(([name, value]) => `${name} ${value}`);
      say(`${variant.name}, ${at.join(", ")}: ${(row.trips / row.calls).toFixed(3)} trips a call`);
    }
  }
  return rows;
}

async function write(folder: string, name: string, rows: readonly unknown[], plots: Record<string, string>) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify({ rows }, null, 1)}\n`);
  for (const [plot, svg] of Object.entries(plots)) await writeFile(join(folder, `${plot}.svg`), svg);
}

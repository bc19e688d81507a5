import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FEATURES } from "./features.ts";
import { type Measured, measure } from "./measure.ts";
import { leasePlots, scalePlots } from "./plots.ts";
import { regionPlots } from "./region-plots.ts";
import { LEASED_REGION_VARIANTS, REGION_VARIANTS, type RegionPoint } from "./region-variants.ts";
import { scaleTables } from "./tables.ts";
import { LEASED_VARIANTS, type Point, VARIANTS, type Variant } from "./variants.ts";

type Say = (text: string) => void;

const ISOLATES = [1, 10, 32, 100, 1000, 10_000];
const LOADS = [0.1, 0.5, 1, 2, 4, 10, 40];
const LEASED_LOADS = [0.1, 0.9, 2];
const FEATURE_ISOLATES = [1, 32, 1000, 10_000];
const FEATURE_LOADS = [0.9, 4, 40];

const REGIONS = [1, 2, 3, 4, 5, 6, 8, 10];
const REGION_LOADS = [0.1, 0.5, 0.9, 2, 4];
/** Ten times the calls of the others. */
const LEASED_REGIONS = [1, 2, 3, 5, 10];

/** Beside what `npm run bench` measures. */
export const FOLDER = fileURLToPath(new URL("../../../bench/results/", import.meta.url));

/** What `npm run simulate -- --scale` draws by: each runs whole grids, and writes their figures and plots. */
export const SCALES = {
  async isolates(folder: string, say: Say): Promise<void> {
    const rows = await measured(VARIANTS, crowds(ISOLATES, LOADS), say);
    await write(folder, "scale", rows, scalePlots({ rows }));
    const leased = await measured(LEASED_VARIANTS, crowds(ISOLATES, LEASED_LOADS), say);
    await write(folder, "scale-leases", leased, leasePlots({ rows: leased }));
    const features = await measured(FEATURES, crowds(FEATURE_ISOLATES, FEATURE_LOADS), say);
    await write(folder, "scale-features", features, {});
    for (const table of scaleTables(features, rows)) say(`\n${table}`);
  },
  async regions(folder: string, say: Say): Promise<void> {
    const rows = await measured<RegionPoint>(REGION_VARIANTS, spread(REGIONS, REGION_LOADS), say);
    await write(folder, "scale-regions", rows, regionPlots({ rows }));
    const leased = await measured<RegionPoint>(LEASED_REGION_VARIANTS, spread(LEASED_REGIONS, LEASED_LOADS), say);
    const plots = regionPlots(
      { rows: leased },
      { name: "scale-regions-leases", perSecond: 1000, which: ["trips", "half"] },
    );
    await write(folder, "scale-regions-leases", leased, plots);
  },
} as const;

export type ScaleName = keyof typeof SCALES;

const crowds = (many: readonly number[], loads: readonly number[]): Point[] =>
  many.flatMap((isolates) => loads.map((load) => ({ isolates, load })));

const spread = (many: readonly number[], loads: readonly number[]): RegionPoint[] =>
  many.flatMap((regions) => loads.map((load) => ({ regions, isolates: 40, load })));

/** Tells each point when it is done. */
async function measured<At extends Point>(variants: readonly Variant<At>[], points: readonly At[], say: Say) {
  const rows: (Measured & At)[] = [];
  for (const variant of variants) {
    for (const point of points) {
      const row = await measure(variant, point);
      rows.push(row);
      const at = Object.entries(point).map(([name, value]) => `${name} ${value}`);
      const done = `${rows.length} of ${variants.length * points.length}`;
      say(`${done}: ${variant.name}, ${at.join(", ")}: ${(row.trips / row.calls).toFixed(3)} trips a call`);
    }
  }
  return rows;
}

async function write(folder: string, name: string, rows: readonly unknown[], plots: Record<string, string>) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify({ rows }, null, 1)}\n`);
  for (const [plot, svg] of Object.entries(plots)) await writeFile(join(folder, `${plot}.svg`), svg);
}

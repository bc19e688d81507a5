import { type Axis, type Dot, lines, type Words } from "./lines.ts";
import type { Measured } from "./measure.ts";
import type { RegionPoint } from "./region-variants.ts";

/** Everything that a run of the grid by regions measured. */
export interface RegionScale {
  readonly rows: readonly (Measured & RegionPoint)[];
}

const AXIS: Axis = { label: "regions", type: "linear", ticks: [1, 2, 4, 6, 8, 10], labels: "behind" };

/** How each value is drawn, and with which domain. */
const VALUES = {
  trips: {
    value: ({ trips, calls }: Measured) => trips / calls,
    title: "What a call asks of the databases of its regions",
    subtitle: "Trips per call, by regions; a line for each load, as a multiple of the limit",
    unit: "trips per call",
    domain: [0, 8],
  },
  half: {
    value: ({ p50Ms }: Measured) => p50Ms,
    title: "How long half of all calls wait at most",
    subtitle: "ms, by regions; a line for each load, as a multiple of the limit",
    unit: "ms",
    domain: [0, 1050],
  },
  most: {
    value: ({ p99Ms }: Measured) => p99Ms,
    title: "How long 99 of 100 calls wait at most",
    subtitle: "ms, by regions; a line for each load, as a multiple of the limit; the deadline is 1000 ms",
    unit: "ms",
    domain: [0, 1050],
  },
  admitted: {
    value: ({ admitted, due }: Measured) => (100 * admitted) / due,
    title: "Admitted, of what is due, over regions",
    subtitle: "%, where 100 is one limiter that sees every call at once; what is missing was denied in vain",
    unit: "% of what is due",
    domain: [70, 102],
  },
} as const satisfies Record<string, Omit<Words, "note"> & { readonly value: (row: Measured) => number }>;

/** These plots by the name of their file. */
export function regionPlots(
  { rows }: RegionScale,
  { name = "scale-regions", perSecond = 100, which = Object.keys(VALUES) as (keyof typeof VALUES)[] } = {},
): Record<string, string> {
  const note = `Simulated: one key, ${perSecond} per s, 40 isolates; 8 ms to the database of the own region and back, 26 to 286 ms to the others.`;
  const plots = which.map((what) => {
    const { value, ...words } = VALUES[what];
    const dots = rows.map((row): Dot => ({ panel: row.variant, x: row.regions, load: row.load, value: value(row) }));
    return [`${name}-${what}`, lines(dots, AXIS, { ...words, note })] as const;
  });
  return Object.fromEntries(plots);
}

import type { Raw } from "../raw.ts";
import { bars } from "./bars.ts";
import { draw, Plot } from "./draw.ts";
import { number } from "./markdown.ts";

const RUNTIMES = { node: "in Node", workerd: "inside workerd" } as const;

/** Checks per second by callers, allowed path: a line for each library, a panel for each runtime. */
export function throughputPlot({ endToEnd }: Raw): string {
  const rows = endToEnd
    .filter(({ path, keys }) => path === "allowed" && keys === 1)
    .map(({ runtime, library, inFlight, perSecond }) => ({
      runtime: RUNTIMES[runtime],
      library,
      inFlight,
      ...perSecond,
    }))
    .toSorted((a, b) => a.inFlight - b.inFlight);
  const loads = [...new Set(rows.map(({ inFlight }) => inFlight))];
  const ends = rows.filter(({ inFlight }) => inFlight === loads.at(-1));
  const aside = spaced(ends.filter(({ runtime }) => runtime === RUNTIMES.workerd));
  // What runs only in Node is named below its line there.
  const below = ends.filter(({ library }) => aside.every((other) => other.library !== library));
  const channels = { x: "inFlight", fx: "runtime", stroke: "library" } as const;
  return draw(
    {
      title: "Allowed checks per second",
      subtitle:
        "Independent callers in a closed loop, one hot key, over REST (rate-limiter-flexible: TCP); logarithmic",
      note: `Medians of ${[...new Set(rows.map(({ rounds }) => rounds))].join(" or ")} rounds; bars from the lowest to the highest round. Callers, REST server and Redis share one machine.`,
    },
    {
      height: 340,
      marginLeft: 64,
      marginRight: 140,
      marginTop: 34,
      marginBottom: 44,
      x: {
        type: "log",
        label: "checks in flight",
        ticks: loads,
        tickFormat: (value: number) => String(value),
        inset: 8,
      },
      y: {
        type: "log",
        label: "checks per second",
        grid: true,
        ticks: TICKS,
        insetTop: 26,
        insetBottom: 8,
        tickFormat: (value: number) => number(value),
      },
      fx: { label: null, domain: Object.values(RUNTIMES), padding: 0.08 },
      marks: [
        Plot.ruleX(rows, { ...channels, y1: "low", y2: "high", strokeOpacity: 0.4, strokeWidth: 2 }),
        Plot.lineY(rows, { ...channels, y: "median", strokeWidth: 1.75 }),
        Plot.lineY(
          rows.filter(({ library }) => library.startsWith("sluice")),
          { ...channels, y: "median", strokeWidth: 3 },
        ),
        Plot.dot(rows, { ...channels, y: "median", fill: "library", r: 3 }),
        Plot.text(aside, { ...NAME, y: "at", dx: 10, textAnchor: "start" }),
        Plot.text(below, { ...NAME, y: "low", dy: 21, dx: 8, textAnchor: "end" }),
      ],
    },
  );
}

const TICKS = [100, 300, 1000, 3000, 10_000, 30_000, 100_000];

const NAME = { x: "inFlight", fx: "runtime", text: "library", fill: "library", fontWeight: 600 } as const;

/** Labels one below the other that would lie on top of each other, on a logarithmic scale. */
function spaced<T extends { median: number }>(rows: readonly T[]): (T & { at: number })[] {
  let above = Number.POSITIVE_INFINITY;
  return rows
    .toSorted((a, b) => b.median - a.median)
    .map((row) => {
      above = Math.min(row.median, above / 1.45);
      return { ...row, at: above };
    });
}

/** Denials per second of one hot key, on a logarithmic scale. */
export function denialPlot({ endToEnd }: Raw): string {
  const rows = endToEnd
    .filter(({ path, keys, inFlight }) => path === "denied" && keys === 1 && inFlight === 50)
    .filter(({ library }) => library !== "sluice, pipeline")
    .map(({ runtime, library, perSecond }) => ({ group: RUNTIMES[runtime], name: library, library, ...perSecond }));
  const { at, labels, options } = bars(rows, 165);
  return draw(
    {
      title: "Denied checks per second",
      subtitle: "One key over its limit, 50 callers, caches of denials on; logarithmic",
      note: `Median of ${rows[0]?.rounds} rounds; lines from the lowest to the highest. hono-rate-limiter asks Redis each time.`,
    },
    {
      ...options,
      x: {
        type: "log",
        label: "checks per second",
        grid: true,
        ticks: [100, 1000, 10_000, 100_000, 1_000_000],
        tickFormat: (value: number) => number(value),
        domain: [100, 2_000_000],
        insetRight: 60,
      },
      marks: [
        Plot.ruleY(rows, { x1: "low", x2: "high", y: at, stroke: "library", strokeWidth: 3, strokeOpacity: 0.5 }),
        Plot.dot(rows, { x: "median", y: at, fill: "library", r: 5 }),
        Plot.text(rows, { x: "high", y: at, text: (row) => number(row.median), dx: 10, textAnchor: "start" }),
        ...labels,
      ],
    },
  );
}

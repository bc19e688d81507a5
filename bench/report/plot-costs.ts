import type { Raw } from "../raw.ts";
import { bars } from "./bars.ts";
import { draw, Plot } from "./draw.ts";
import { number } from "./markdown.ts";

const ALGORITHMS = [
  "sliding window",
  "token bucket",
  "fixed window",
  "three policies",
  "sliding window, 10 parts",
  "sliding log",
];

/** Server time of each script on the allowed path. */
export function redisPlot({ redisSide }: Raw): string {
  const rows = ALGORITHMS.flatMap((algorithm) =>
    redisSide
      .filter((row) => row.path === "allowed" && row.algorithm === algorithm)
      .map(({ name, billedCommands, microsPerEvalsha }) => ({
        group: algorithm,
        name,
        library: name,
        billedCommands,
        ...microsPerEvalsha,
      })),
  );
  const floor = redisSide.find(({ name }) => name === "GET, SET PX")?.microsPerEvalsha.median ?? 0;
  const { at, labels, options } = bars(rows, 165);
  return draw(
    {
      title: "Server time of a check inside Redis",
      subtitle:
        "µs per EVALSHA, allowed path, and billed commands. Dashed: a script that only does a GET and a SET with PX",
      note: `Median of ${rows[0]?.rounds} rounds of 2 000 checks on 100 keys, as Redis counts them; lines from the lowest to the highest round.`,
    },
    {
      ...options,
      x: { label: "µs", grid: true, zero: true, insetRight: 150 },
      marks: [
        Plot.barX(rows, { x: "median", y: at, fill: "library" }),
        Plot.ruleY(rows, { x1: "low", x2: "high", y: at, stroke: "currentColor", strokeOpacity: 0.6 }),
        Plot.ruleX([floor], { stroke: "currentColor", strokeDasharray: "4 3", strokeOpacity: 0.7 }),
        Plot.text(rows, {
          x: "high",
          y: at,
          text: (row) => `${number(row.median)} µs, ${number(row.billedCommands)} commands`,
          dx: 8,
          textAnchor: "start",
        }),
        ...labels,
      ],
    },
  );
}

/** What a Worker's bundle grows by. */
export function sizePlot({ isolate }: Raw): string {
  const rows = isolate.bundles.map(({ what, library, gzipped }) => ({
    group: what,
    name: library,
    library,
    kB: gzipped / 1000,
  }));
  const { at, labels, options } = bars(rows, 165);
  return draw(
    {
      title: "What an import adds to a Worker",
      subtitle: "kB, minified and gzipped",
      note: "Bundled by esbuild for workerd. The client is what reaches Redis over REST; Hono itself is not counted.",
    },
    {
      ...options,
      x: { label: "kB", grid: true, insetRight: 60 },
      marks: [
        Plot.barX(rows, { x: "kB", y: at, fill: "library" }),
        Plot.text(rows, { x: "kB", y: at, text: (row) => `${number(row.kB)} kB`, dx: 6, textAnchor: "start" }),
        ...labels,
      ],
    },
  );
}

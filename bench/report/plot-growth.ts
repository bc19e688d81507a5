import type { Raw } from "../raw.ts";
import { draw, Plot } from "./draw.ts";
import { number } from "./markdown.ts";

const PANELS = [
  ["keys", "keys in Redis"],
  ["limit", "limit"],
  ["policies", "policies in one verdict"],
] as const;

/** Server time as keys, limits and policies grow. */
export function growthPlot({ growth }: Raw): string {
  const rows = growth.flatMap(({ grows, size, algorithm, microsPerEvalsha }) => {
    const panel = PANELS.find(([name]) => name === grows)?.[1] ?? "";
    // One axis for all three: policies in steps, the others in powers of ten.
    const place = grows === "policies" ? (size - 1) * (6 / 7) : Math.log10(size);
    return [{ panel, place, size, algorithm, ...microsPerEvalsha }];
  });
  const ticks = rows.filter(
    (row, i) => rows.findIndex((other) => other.panel === row.panel && other.size === row.size) === i,
  );
  const names = rows.filter(({ panel, size, algorithm }) => {
    const last = algorithm === "sliding log" ? mostOf(rows, algorithm) : 1_000_000;
    return panel === PANELS[1][1] && size === last && (algorithm === "sliding log" || algorithm === "sliding window");
  });
  const colour = (row: { algorithm: string }) => (row.algorithm === "sliding log" ? "var(--second)" : "var(--sluice)");
  const where = { x: "place", fx: "panel" } as const;
  return draw(
    {
      title: "What a check costs as keys, limits and policies grow",
      subtitle: "µs of server time per check of Sluice, one call at a time",
      note: `Median of ${rows[0]?.rounds} rounds; bars from the lowest to the highest. The limits' checks are denied, the others allowed, which costs a SET more.`,
    },
    {
      height: 300,
      marginLeft: 44,
      marginRight: 20,
      marginTop: 34,
      marginBottom: 36,
      x: { axis: null, domain: [0, 6], inset: 10 },
      y: { label: "µs", grid: true, zero: true },
      fx: { label: null, domain: PANELS.map(([, name]) => name), axis: "top", padding: 0.08 },
      marks: [
        Plot.ruleX(rows, { ...where, y1: "low", y2: "high", stroke: colour, strokeOpacity: 0.4, strokeWidth: 2 }),
        Plot.lineY(rows, { ...where, y: "median", z: "algorithm", stroke: colour, strokeWidth: 2 }),
        Plot.dot(rows, { ...where, y: "median", fill: colour, r: 2.5 }),
        Plot.text(ticks, {
          ...where,
          frameAnchor: "bottom",
          dy: 16,
          text: (row) => short(row.size),
          fill: "var(--quiet)",
        }),
        Plot.text(names, {
          ...where,
          y: "high",
          dy: -10,
          text: (row) => (row.algorithm === "sliding log" ? row.algorithm : "bucket, sliding and fixed window"),
          textAnchor: "end",
          fill: colour,
        }),
      ],
    },
  );
}

function mostOf(rows: readonly { algorithm: string; size: number }[], wanted: string): number {
  return Math.max(...rows.filter(({ algorithm }) => algorithm === wanted).map(({ size }) => size));
}

function short(size: number): string {
  if (size >= 1_000_000) return `${size / 1_000_000}M`;
  return size >= 1000 ? `${size / 1000}k` : number(size);
}

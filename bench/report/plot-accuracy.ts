import type { Raw } from "../raw.ts";
import { bars } from "./bars.ts";
import { draw, Plot } from "./draw.ts";
import { percent } from "./markdown.ts";

/** Wrong decisions of each library's windows, by traffic. */
export function accuracyPlot({ accuracy }: Raw): string {
  const traffics = [...new Set(accuracy.map(({ traffic }) => traffic))];
  const shown = accuracy.filter(
    ({ heldAgainst, library, algorithm }) =>
      heldAgainst === "exact window" &&
      (algorithm !== "fixed window" || !["sluice", "@upstash/ratelimit"].includes(library)),
  );
  const rows = traffics.flatMap((traffic) =>
    shown
      .filter((row) => row.traffic === traffic)
      .map(({ library, algorithm, checks, admitted, due, wronglyDenied, wronglyAdmitted }) => ({
        group: traffic,
        name: `${library}, ${algorithm}`,
        library,
        denied: wronglyDenied / checks,
        all: (wronglyDenied + wronglyAdmitted) / checks,
        ofDue: admitted / due,
      })),
  );
  const { at, labels, options } = bars(rows, 240);
  return draw(
    {
      title: "Wrong decisions, held against an exact window",
      subtitle: "% of all checks. Full: denied although there was room. Light: admitted although there was none",
      note: "100 per 10 s, caches on. On a simulated clock; hono-rate-limiter and rate-limiter-flexible ten times as fast in real time.",
    },
    {
      ...options,
      x: { label: "% of checks", grid: true, percent: true, zero: true, insetRight: 215 },
      marks: [
        Plot.barX(rows, { y: at, x1: 0, x2: "denied", fill: "library" }),
        Plot.barX(rows, { y: at, x1: "denied", x2: "all", fill: "library", fillOpacity: 0.4 }),
        Plot.text(rows, {
          y: at,
          x: "all",
          text: (row) => `${percent(row.all)}; admits ${percent(row.ofDue)} of the due`,
          dx: 6,
          textAnchor: "start",
        }),
        ...labels,
      ],
    },
  );
}

import { DOLLARS_PER_100_000_COMMANDS, dollars } from "../money/price.ts";
import type { Raw } from "../raw.ts";
import { bars } from "./bars.ts";
import { draw, Plot } from "./draw.ts";
import { percent } from "./markdown.ts";

/** Dollars per million checks. */
export function moneyPlot({ money }: Raw): string {
  const rows = money
    .filter(({ algorithm, library, cache }) => algorithm === "sliding window" && (cache || library !== "sluice"))
    .map(({ library, cache, mix, checks, denied, billedPerMillion }) => ({
      group: mix,
      name: cache ? library : `${library}, cache off`,
      library,
      cache,
      dollars: dollars(billedPerMillion),
      denied: denied / checks,
    }));
  const { at, labels, options } = bars(rows, 210);
  return draw(
    {
      title: "What a million checks cost at Upstash",
      subtitle: `US dollars for billed commands, sliding window, at $${DOLLARS_PER_100_000_COMMANDS.toFixed(2)} per 100 000 commands`,
      note: "Commands as Redis counts them. The cache of @upstash/ratelimit denies more than is due, and what it denies is free.",
    },
    {
      ...options,
      x: { label: "$ per million checks", grid: true, zero: true, insetRight: 120 },
      marks: [
        Plot.barX(rows, { y: at, x: "dollars", fill: "library", fillOpacity: (row) => (row.cache ? 1 : 0.45) }),
        Plot.text(rows, {
          y: at,
          x: "dollars",
          text: (row) => `$${row.dollars.toFixed(2)}, denies ${percent(row.denied)}`,
          dx: 6,
          textAnchor: "start",
        }),
        ...labels,
      ],
    },
  );
}

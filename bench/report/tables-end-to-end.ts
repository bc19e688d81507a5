import type { EndToEndRow } from "../end-to-end/section.ts";
import { groupBy } from "../lib/group-by.ts";
import { figure } from "../lib/statistics.ts";
import type { Raw } from "../raw.ts";
import { LIBRARIES } from "./draw.ts";
import { number, spread, table } from "./markdown.ts";

/** A table for each runtime and path: throughput and latency by callers. */
export function endToEndTables({ endToEnd }: Raw): string {
  const parts = groupBy(endToEnd, ({ runtime, path, keys }) => `${runtime} ${path} ${keys}`);
  return [...parts.values()].map(part).join("\n\n");
}

function part(rows: readonly EndToEndRow[]): string {
  const [{ runtime, path, keys } = { runtime: "", path: "", keys: 0 }] = rows;
  const of = keys === 1 ? "one hot key" : `${number(keys)} keys`;
  const clock = runtime === "workerd" ? " (a Worker's clock counts whole ms)" : "";
  return [
    `<details><summary>${runtime === "node" ? "Node" : "workerd"}, ${path}, ${of}${clock}</summary>`,
    table(
      rows
        .toSorted((a, b) => a.inFlight - b.inFlight || LIBRARIES.indexOf(a.library) - LIBRARIES.indexOf(b.library))
        .map(({ inFlight, library, rounds, p50Ms, p99Ms }) => ({
          "in flight": inFlight,
          library,
          "checks per second": spread(figure(rounds)),
          "p50, ms": number(p50Ms.median),
          "p99, ms": number(p99Ms.median),
        })),
    ),
    "</details>",
  ].join("\n\n");
}

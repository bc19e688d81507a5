import type { EndToEndRow } from "../end-to-end/section.ts";
import { median } from "../lib/statistics.ts";
import type { Raw } from "../raw.ts";

type Load = Pick<EndToEndRow, "runtime" | "path" | "keys" | "inFlight">;

/** One library's row under one load; undefined where it does not run there. */
export function endToEndRow(raw: Raw, library: EndToEndRow["library"], load: Load): EndToEndRow | undefined {
  return raw.endToEnd.find(
    (row) =>
      row.library === library &&
      row.runtime === load.runtime &&
      row.path === load.path &&
      row.keys === load.keys &&
      row.inFlight === load.inFlight,
  );
}

/** Median over the rounds of one library's throughput by another's: they ran next to each other in each round. */
export function ratio(a: EndToEndRow | undefined, b: EndToEndRow | undefined): number {
  if (!a || !b) return Number.NaN;
  return median(a.rounds.map((perSecond, i) => perSecond / (b.rounds[i] ?? Number.NaN)));
}

import { type Axis, type Dot, lines, type Words } from "./lines.ts";
import type { Measured } from "./measure.ts";

/** Everything that a run of the grid by isolates measured. */
export interface Scale {
  readonly rows: readonly Measured[];
}

const NOTE =
  "Simulated: one key, 100 per s, independent callers on all isolates alike; Redis 1 to 60 ms away, one way, half of the ways within 4 ms.";

const AXIS: Axis = { label: "isolates", type: "log", ticks: [1, 10, 100, 1000, 10_000], labels: "before" };

const drawn = (dots: readonly Dot[], words: Omit<Words, "note">) => lines(dots, AXIS, { ...words, note: NOTE });

/** A row for each algorithm, without leases and with them. */
function placeOf({ variant }: Measured): Pick<Dot, "panel" | "row"> {
  const [row = "", leased] = variant.split(", ");
  return { row, panel: leased ? "with leases" : "without leases" };
}

/** Every plot by the name of its file. */
export function scalePlots({ rows }: Scale): Record<string, string> {
  const dots = (value: (row: Measured) => number) =>
    rows.map((row): Dot => ({ ...placeOf(row), x: row.isolates, load: row.load, value: value(row) }));
  const waiting = rows.flatMap((row): Dot[] => {
    const { isolates: x, load, p50Ms, p99Ms } = row;
    const { panel, row: algorithm } = placeOf(row);
    if (algorithm !== "token bucket") return [];
    return [
      { panel, row: "half of all", x, load, value: p50Ms },
      { panel, row: "99 of 100", x, load, value: p99Ms },
    ];
  });
  return {
    "scale-trips": drawn(
      dots(({ trips, calls }) => trips / calls),
      {
        title: "What a crowd asks of Redis",
        subtitle: "Trips per call, by isolates; a line for each load, as a multiple of the limit",
        unit: "trips per call",
        domain: [0, 1.04],
      },
    ),
    "scale-admitted": drawn(
      dots(({ trips, admitted }) => trips / admitted),
      {
        title: "What an admitted call costs in trips",
        subtitle: "Trips per admitted call, by isolates; a line for each load, as a multiple of the limit",
        unit: "trips per admitted call",
        log: true,
      },
    ),
    "scale-money": drawn(
      dots(({ dollarsPerMillion }) => dollarsPerMillion),
      {
        title: "What a million calls cost",
        subtitle: "US dollars for billed commands, by isolates; a line for each load, as a multiple of the limit",
        unit: "$ per million calls",
        domain: [0, 6.4],
      },
    ),
    "scale-waiting": drawn(waiting, {
      title: "How long a call of a token bucket waits for its answer",
      subtitle: "ms that half of all calls, and 99 of 100, take at most, by isolates; a line for each load",
      unit: "ms",
      domain: [0, 60],
    }),
    "scale-accuracy": drawn(
      dots(({ admitted, due }) => (100 * admitted) / due),
      {
        title: "Admitted, of what is due",
        subtitle: "%, where 100 is one limiter that sees every call at once; by isolates, a line for each load",
        unit: "% of what is due",
        domain: [94, 104],
      },
    ),
  };
}

/** The plot of how far leases go. */
export function leasePlots({ rows }: Scale): Record<string, string> {
  const dots = rows.map(({ variant, isolates, load, trips, calls }): Dot => {
    return { panel: variant, x: isolates, load, value: trips / calls };
  });
  return {
    "scale-leases": lines(dots, AXIS, {
      title: "How far leases go",
      subtitle:
        "Trips per call of a token bucket with leases of 1000 ms, by isolates; a panel for each limit, a line for each load",
      note: NOTE.replace("100 per s, ", ""),
      unit: "trips per call",
      domain: [0, 1.04],
    }),
  };
}

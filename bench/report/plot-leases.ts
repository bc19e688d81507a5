import type { Raw } from "../raw.ts";
import { draw, Plot } from "./draw.ts";
import { number } from "./markdown.ts";

const WITH = "with leases";
const WITHOUT = "without";

/** Trips per admitted call of crowds and of a steady stream, with and without leases. */
export function leasesPlot({ leases: { crowds, steady } }: Raw): string {
  const steadily = crowds.filter(({ calm }) => calm === undefined);
  const many = steadily.map(({ isolates, demand, leases, trips, admitted }) => ({
    what: `${isolates} isolates, ${demand} × the limit`,
    who: leases ? WITH : WITHOUT,
    trips: trips / admitted,
  }));
  const few = steady
    .filter(({ runtime, library }) => runtime === "node" && library === "sluice, leases")
    .flatMap(({ isolates, later }) => {
      const what = `${isolates} ${isolates === 1 ? "isolate" : "isolates"}, 0.5 × the limit`;
      // Below the limit each call without leases is a trip.
      return [
        { what, who: WITH, trips: later.trips / later.admitted },
        { what, who: WITHOUT, trips: 1 },
      ];
    });
  const rows = [...few, ...many];
  const names = [...new Set(rows.map(({ what }) => what))];
  const colour = ({ who }: { who: string }) => (who === WITH ? "var(--sluice)" : "var(--second)");
  return draw(
    {
      title: "Trips to Redis per admitted call on one key",
      subtitle: "Blue: with leases. Grey: without. Logarithmic",
      note: "Few isolates: 500 calls a second in real time, after the first second. Many: on a simulated clock, random arrivals, trips of 20 ms.",
    },
    {
      height: names.length * 34 + 60,
      marginLeft: 210,
      marginRight: 60,
      marginTop: 4,
      marginBottom: 44,
      x: {
        type: "log",
        label: "trips per admitted call",
        grid: true,
        ticks: [0.001, 0.01, 0.1, 1, 10],
        tickFormat: (value: number) => number(value),
        domain: [0.001, 60],
      },
      y: { domain: names, label: null, tickSize: 0 },
      marks: [
        Plot.ruleY(names, {
          x1: (what: string) => Math.min(...tripsOf(rows, what)),
          x2: (what: string) => Math.max(...tripsOf(rows, what)),
          y: (what: string) => what,
          stroke: "var(--line)",
          strokeWidth: 3,
        }),
        Plot.dot(rows, { x: "trips", y: "what", fill: colour, r: 5 }),
        Plot.text(
          rows.filter(({ who }) => who === WITH),
          { x: "trips", y: "what", text: (row) => number(row.trips), dy: -11, fill: colour, fontWeight: 600 },
        ),
        Plot.text(
          rows.filter(({ who, what }) => who === WITHOUT && Math.max(...tripsOf(rows, what)) > 1.05),
          { x: "trips", y: "what", text: (row) => number(row.trips), dx: 10, textAnchor: "start", fill: colour },
        ),
      ],
    },
  );
}

function tripsOf(rows: readonly { what: string; trips: number }[], wanted: string): number[] {
  return rows.filter(({ what }) => what === wanted).map(({ trips }) => trips);
}

/** Trips per call by how often one isolate asks for one key. */
export function leasePacePlot({ leases: { rates } }: Raw): string {
  const rows = rates.map(({ maxMs, perSecond, calls, trips }) => ({
    maxMs: `maxMs ${maxMs}`,
    perSecond,
    trips: trips / calls,
  }));
  const [first] = rows;
  const often = Math.max(...rows.map(({ perSecond }) => perSecond));
  const colour = (row: { maxMs: string }) => (row.maxMs === first?.maxMs ? "var(--second)" : "var(--sluice)");
  return draw(
    {
      title: "Leases are for keys that one isolate asks for often",
      subtitle: "Trips per call of one isolate on one key, by its calls a second; both logarithmic",
      note: "Random arrivals on a simulated clock, the first seconds included; far from the limit. Without leases each call is a trip.",
    },
    {
      height: 320,
      marginLeft: 56,
      marginRight: 100,
      marginTop: 20,
      marginBottom: 44,
      x: {
        type: "log",
        label: "calls a second of one isolate on one key",
        ticks: [1, 2, 10, 20, 100, 200],
        tickFormat: (value: number) => String(value),
        inset: 8,
      },
      y: {
        type: "log",
        label: "trips per call",
        grid: true,
        ticks: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1],
        insetBottom: 14,
        tickFormat: (value: number) => number(value),
      },
      marks: [
        Plot.ruleY([1], { stroke: "currentColor", strokeDasharray: "4 3", strokeOpacity: 0.7 }),
        Plot.lineY(rows, { x: "perSecond", y: "trips", z: "maxMs", stroke: colour, strokeWidth: 2 }),
        Plot.dot(rows, { x: "perSecond", y: "trips", fill: colour, r: 3 }),
        Plot.text(
          rows.filter(({ perSecond }) => perSecond === often),
          { x: "perSecond", y: "trips", text: "maxMs", dx: 10, textAnchor: "start", fill: colour, fontWeight: 600 },
        ),
      ],
    },
  );
}

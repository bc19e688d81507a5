import { draw, Plot } from "../../../bench/report/draw.ts";
import type { Measured } from "./measure.ts";

/** Everything that a run of the grid measured. */
export interface Scale {
  readonly rows: readonly Measured[];
}

interface Dot {
  readonly panel: string;
  readonly isolates: number;
  readonly load: number;
  readonly value: number;
}

interface Words {
  readonly title: string;
  readonly subtitle: string;
  readonly unit: string;
  readonly log?: boolean;
  readonly domain?: readonly [number, number];
}

const NOTE =
  "Simulated: one key, 100 per s, independent callers on all isolates alike; Redis 1 to 60 ms away, one way, half of the ways within 4 ms.";

/** Every plot by the name of its file. */
export function scalePlots({ rows }: Scale): Record<string, string> {
  const byVariant = (value: (row: Measured) => number) =>
    rows.map(({ isolates, load, variant, ...row }): Dot => {
      return { panel: variant, isolates, load, value: value({ isolates, load, variant, ...row }) };
    });
  const first = rows.filter(({ variant }) => variant === rows[0]?.variant);
  const waiting = first.flatMap(({ isolates, load, p50Ms, p99Ms }): Dot[] => [
    { panel: "half of all calls", isolates, load, value: p50Ms },
    { panel: "99 of 100 calls", isolates, load, value: p99Ms },
  ]);
  return {
    "scale-trips": lines(
      byVariant(({ trips, calls }) => trips / calls),
      {
        title: "What a crowd asks of Redis",
        subtitle: "Trips per call, by isolates; a line for each load, as a multiple of the limit",
        unit: "trips per call",
        domain: [0, 1.04],
      },
    ),
    "scale-admitted": lines(
      byVariant(({ trips, admitted }) => trips / admitted),
      {
        title: "What an admitted call costs in trips",
        subtitle: "Trips per admitted call, by isolates; a line for each load, as a multiple of the limit",
        unit: "trips per admitted call",
        log: true,
      },
    ),
    "scale-money": lines(
      byVariant(({ dollarsPerMillion }) => dollarsPerMillion),
      {
        title: "What a million calls cost",
        subtitle: "US dollars for billed commands, by isolates; a line for each load, as a multiple of the limit",
        unit: "$ per million calls",
        domain: [0, 6.4],
      },
    ),
    "scale-waiting": lines(waiting, {
      title: "How long a call waits for its answer",
      subtitle: `${first[0]?.variant}: ms that half of all calls, and 99 of 100, take at most, by isolates; a line for each load`,
      unit: "ms",
      domain: [0, 60],
    }),
    "scale-accuracy": lines(
      byVariant(({ admitted, due }) => (100 * admitted) / due),
      {
        title: "Admitted, of what is due",
        subtitle: "%, where 100 is one limiter that sees every call at once; by isolates, a line for each load",
        unit: "% of what is due",
        domain: [95, 105],
      },
    ),
  };
}

/** Up to the limit nothing has to be denied; beyond it most is. */
const colourOf = ({ load }: Dot) => (load <= 1 ? "var(--sluice)" : "var(--first)");
const shadeOf = ({ load }: Dot) => (load <= 1 ? 0.45 + load * 0.55 : 0.35 + Math.log10(load) * 0.4);

function lines(dots: readonly Dot[], { title, subtitle, unit, log = false, domain }: Words): string {
  const panels = [...new Set(dots.map(({ panel }) => panel))];
  const loads = [...new Set(dots.map(({ load }) => load))];
  const isolates = [...new Set(dots.map((dot) => dot.isolates))].sort((a, b) => a - b);
  const where = { x: "isolates", y: "value", fx: "panel" } as const;
  return draw(
    { title, subtitle, note: NOTE },
    {
      height: 320,
      marginLeft: 44,
      marginRight: 12,
      marginTop: 40,
      marginBottom: 44,
      x: { type: "log", label: "isolates", ticks: isolates.filter((n) => n !== 32), tickFormat: short, insetLeft: 64 },
      y: { label: unit, grid: true, ...(log && { type: "log" }), ...(domain && { domain: [...domain] }) },
      fx: { label: null, domain: panels, axis: "top", padding: 0.08 },
      marks: [
        ...loads.map((load) => {
          const dotsOf = dots.filter((dot) => dot.load === load);
          const look = { stroke: colourOf(dotsOf[0] as Dot), strokeOpacity: shadeOf(dotsOf[0] as Dot) };
          return Plot.lineY(dotsOf, { ...where, ...look, strokeWidth: 2 });
        }),
        Plot.dot(dots, { ...where, fill: colourOf, fillOpacity: shadeOf, r: 2 }),
        Plot.text(labels(dots, isolates[0] ?? 1, log, domain), {
          ...where,
          text: "text",
          dx: -7,
          textAnchor: "end",
          fill: "colour",
        }),
      ],
    },
  );
}

/** A label for each line where it begins; those that begin in one place share theirs. */
function labels(dots: readonly Dot[], isolates: number, log: boolean, domain?: Words["domain"]) {
  const height = (value: number) => (log ? Math.log10(value) : value);
  const all = domain ?? dots.map(({ value }) => height(value));
  const apart = (Math.max(...all) - Math.min(...all)) / 18;
  return [...new Set(dots.map(({ panel }) => panel))].flatMap((panel) => {
    const starts = dots
      .filter((dot) => dot.panel === panel && dot.isolates === isolates)
      .sort((a, b) => height(a.value) - height(b.value));
    const groups: Dot[][] = [];
    for (const dot of starts) {
      const last = groups.at(-1);
      const before = last?.at(-1);
      if (last && before && height(dot.value) - height(before.value) < apart) last.push(dot);
      else groups.push([dot]);
    }
    return groups.map((group) => {
      const loads = group.map(({ load }) => load).sort((a, b) => a - b);
      const text = loads.length === 1 ? `${loads[0]} ×` : `${loads[0]}–${loads.at(-1)} ×`;
      const middle = group[Math.floor(group.length / 2)] as Dot;
      return { panel, isolates, value: middle.value, text, colour: colourOf(middle) };
    });
  });
}

function short(value: number): string {
  return value >= 1000 ? `${value / 1000}k` : `${value}`;
}

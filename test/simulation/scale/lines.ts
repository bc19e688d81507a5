import { draw, Plot } from "../../../bench/report/draw.ts";

/** A measured point of a line. */
export interface Dot {
  readonly panel: string;
  /** Which row of panels, where there are several. */
  readonly row?: string;
  /** Where it is on the axis. */
  readonly x: number;
  readonly load: number;
  readonly value: number;
}

export interface Words {
  readonly title: string;
  readonly subtitle: string;
  readonly note: string;
  readonly unit: string;
  readonly log?: boolean;
  readonly domain?: readonly [number, number];
}

/** What the points are drawn against. */
export interface Axis {
  readonly label: string;
  readonly type: "log" | "linear";
  readonly ticks: readonly number[];
  /** Where the lines are told apart: there each has its load beside it. */
  readonly labels: "before" | "behind";
}

/** Up to the limit nothing has to be denied; beyond it most is. */
const colourOf = ({ load }: Dot) => (load <= 1 ? "var(--sluice)" : "var(--first)");
const shadeOf = ({ load }: Dot) => (load <= 1 ? 0.45 + load * 0.55 : 0.35 + Math.log10(load) * 0.4);

/** A panel beside the other, in one row or more, with a line for each load. */
export function lines(
  dots: readonly Dot[],
  axis: Axis,
  { title, subtitle, note, unit, log = false, domain }: Words,
): string {
  const panels = [...new Set(dots.map(({ panel }) => panel))];
  const loads = [...new Set(dots.map(({ load }) => load))];
  const rows = [...new Set(dots.flatMap(({ row }) => row ?? []))];
  const where = { x: "x", y: "value", fx: "panel", ...(rows.length > 0 && { fy: "row" }) } as const;
  return draw(
    { title, subtitle, note },
    {
      height: rows.length > 1 ? 500 : 320,
      marginLeft: 44,
      marginRight: rows.length > 0 ? 92 : 12,
      marginTop: 40,
      marginBottom: 44,
      x: {
        type: axis.type,
        label: axis.label,
        ticks: axis.ticks,
        tickFormat: short,
        ...(axis.labels === "before" ? { insetLeft: 64 } : { insetLeft: 12, insetRight: 48 }),
      },
      y: {
        label: unit,
        grid: true,
        tickFormat: "~g",
        ...(log && { type: "log" }),
        ...(domain && { domain: [...domain] }),
      },
      fx: { label: null, domain: panels, axis: "top", padding: 0.08 },
      ...(rows.length > 0 && { fy: { label: null, domain: rows, padding: 0.12 } }),
      marks: [
        ...loads.map((load) => {
          const dotsOf = dots.filter((dot) => dot.load === load);
          const look = { stroke: colourOf(dotsOf[0] as Dot), strokeOpacity: shadeOf(dotsOf[0] as Dot) };
          return Plot.lineY(dotsOf, { ...where, ...look, strokeWidth: 2 });
        }),
        Plot.dot(dots, { ...where, fill: colourOf, fillOpacity: shadeOf, r: 2 }),
        Plot.text(labels(dots, axis, log, domain), {
          ...where,
          text: "text",
          dx: axis.labels === "before" ? -7 : 7,
          textAnchor: axis.labels === "before" ? "end" : "start",
          fill: "colour",
        }),
      ],
    },
  );
}

/** A label for each line where it begins or ends; those that do so in one place share theirs. */
function labels(dots: readonly Dot[], axis: Axis, log: boolean, domain?: Words["domain"]) {
  const ends = dots.map(({ x }) => x);
  const end = axis.labels === "before" ? Math.min(...ends) : Math.max(...ends);
  const height = (value: number) => (log ? Math.log10(value) : value);
  const all = domain ?? dots.map(({ value }) => height(value));
  const rows = new Set(dots.map(({ row }) => row));
  const apart = (Math.max(...all) - Math.min(...all)) / (rows.size > 1 ? 13 : 18);
  const every = [...new Set(dots.map(({ load }) => load))].sort((a, b) => a - b);
  return [...new Set(dots.map(({ panel, row }) => `${row}/${panel}`))].flatMap((place) => {
    const starts = dots
      .filter(({ panel, row, x }) => `${row}/${panel}` === place && x === end)
      .sort((a, b) => height(a.value) - height(b.value));
    const groups: Dot[][] = [];
    for (const dot of starts) {
      const last = groups.at(-1);
      const before = last?.at(-1);
      if (last && before && height(dot.value) - height(before.value) < apart) last.push(dot);
      else groups.push([dot]);
    }
    return groups.map((group) => {
      const middle = group[Math.floor(group.length / 2)] as Dot;
      const text = `${listed(
        group.map(({ load }) => load),
        every,
      )} ×`;
      return { ...middle, text, colour: colourOf(middle) };
    });
  });
}

/** Loads as people write them: of neighbours only the first and the last. */
function listed(loads: readonly number[], every: readonly number[]): string {
  const numbers = loads.map((load) => every.indexOf(load)).sort((a, b) => a - b);
  const spans: [number, number][] = [];
  for (const number of numbers) {
    const last = spans.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else spans.push([number, number]);
  }
  return spans.map(([from, to]) => (from === to ? every[from] : `${every[from]}–${every[to]}`)).join(", ");
}

function short(value: number): string {
  return value >= 1000 ? `${value / 1000}k` : `${value}`;
}

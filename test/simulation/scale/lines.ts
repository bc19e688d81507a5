import { draw, Plot } from "../../../bench/report/draw.ts";

/** A measured point of a line. */
export interface Dot {
  readonly panel: string;
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

/** A panel beside the other, with a line for each load. */
export function lines(
  dots: readonly Dot[],
  axis: Axis,
  { title, subtitle, note, unit, log = false, domain }: Words,
): string {
  const panels = [...new Set(dots.map(({ panel }) => panel))];
  const loads = [...new Set(dots.map(({ load }) => load))];
  const where = { x: "x", y: "value", fx: "panel" } as const;
  return draw(
    { title, subtitle, note },
    {
      height: 320,
      marginLeft: 44,
      marginRight: 12,
      marginTop: 40,
      marginBottom: 44,
      x: {
        type: axis.type,
        label: axis.label,
        ticks: axis.ticks,
        tickFormat: short,
        ...(axis.labels === "before" ? { insetLeft: 64 } : { insetLeft: 12, insetRight: 48 }),
      },
      y: { label: unit, grid: true, ...(log && { type: "log" }), ...(domain && { domain: [...domain] }) },
      fx: { label: null, domain: panels, axis: "top", padding: 0.08 },
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
  const apart = (Math.max(...all) - Math.min(...all)) / 18;
  return [...new Set(dots.map(({ panel }) => panel))].flatMap((panel) => {
    const starts = dots
      .filter((dot) => dot.panel === panel && dot.x === end)
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
      return { panel, x: end, value: middle.value, text, colour: colourOf(middle) };
    });
  });
}

function short(value: number): string {
  return value >= 1000 ? `${value / 1000}k` : `${value}`;
}

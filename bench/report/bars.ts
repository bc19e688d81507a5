import { LIBRARIES, Plot } from "./draw.ts";

export interface Bar {
  /** Heading that bars stand under. */
  readonly group: string;
  readonly name: string;
  readonly library: string;
}

const ROW = 19;

/** Horizontal bars in groups: each group has a heading at the left, and no room for who isn't in it. */
export function bars<T extends Bar>(rows: readonly T[], marginLeft: number) {
  const at = ({ group, name }: Bar) => `${group}\n${name}`;
  const groups = [...new Set(rows.map(({ group }) => group))];
  const inOrder = rows.toSorted((a, b) => LIBRARIES.indexOf(a.library) - LIBRARIES.indexOf(b.library));
  const domain = groups.flatMap((group, i) => [
    ...(i === 0 ? [] : [`${group}\n\n`]),
    group,
    ...inOrder.filter((row) => row.group === group).map(at),
  ]);
  const height = domain.length * ROW + 50;
  const label = { frameAnchor: "left", textAnchor: "end", dx: -8 } as const;
  const options: Plot.PlotOptions = { height, marginLeft, marginTop: 4, marginBottom: 44 };
  const labels: Plot.Markish[] = [
    Plot.text(groups, {
      y: (group: string) => group,
      text: (group: string) => group,
      frameAnchor: "left",
      dx: -marginLeft,
      textAnchor: "start",
      fontWeight: 600,
    }),
    Plot.text(
      rows.filter(({ library }) => library !== "sluice"),
      { y: at, text: "name", ...label, fill: "var(--quiet)" },
    ),
    Plot.text(
      rows.filter(({ library }) => library === "sluice"),
      { y: at, text: "name", ...label, fill: "var(--sluice)", fontWeight: 600 },
    ),
  ];
  return { at, labels, options: { ...options, y: { domain, axis: null } as Plot.ScaleOptions } };
}

import type { Measured } from "./measure.ts";

/** What the page tells in tables, from the rows of `scale-features` and of `scale`; every table as Markdown. */
export function scaleTables(features: readonly Measured[], crowd: readonly Measured[]): string[] {
  const find = (rows: readonly Measured[], variant: string, isolates: number, load: number) => {
    const row = rows.find((one) => one.variant === variant && one.isolates === isolates && one.load === load);
    if (!row) throw new RangeError(`no ${variant} of ${isolates} isolates at ${load} × the limit was measured`);
    return row;
  };
  const isolates = [...new Set(features.map((row) => row.isolates))];
  const loads = [...new Set(features.map(({ load }) => load))];
  const most = Math.max(...loads);

  const keys = loads.map((load) => {
    const [one, three] = ["one limiter", "allOf of three"].map((name) => find(features, name, 32, load));
    return [`${load} ×`, ...[one, three].flatMap((row) => (row ? [trips(row), commands(row), money(row)] : []))];
  });
  const attack = isolates.map((many) => {
    const [bucket, fixed] = ["token bucket", "fixed window"].map((name) => find(crowd, name, many, most));
    const blocked = find(features, "a penalty", many, most);
    return [grouped(many), ...[bucket, fixed, blocked].map((row) => (row ? money(row) : "")), few(blocked)];
  });
  const work = isolates.flatMap((many) =>
    loads.map((load) => {
      const row = find(features, "work in flight", many, load);
      const due = `${((100 * row.admitted) / row.due).toFixed(1)} %`;
      return [
        grouped(many),
        `${load} ×`,
        due,
        trips(row),
        commands(row),
        money(row),
        `${Math.round(row.p50Ms)}`,
        `${Math.round(row.p99Ms)}`,
      ];
    }),
  );
  const each = ["trips", "commands", "dollars"];
  return [
    table(["load", ...["one limiter", "three"].flatMap((of) => each.map((what) => `${of}: ${what}`))], keys),
    table(
      [
        "isolates",
        "token bucket: dollars",
        "fixed window: dollars",
        "with a penalty: dollars",
        "with a penalty: trips per call",
      ],
      attack,
    ),
    table(["isolates", "load", "begun, of what is due", ...each, "half wait, ms", "99 of 100 wait, ms"], work),
  ];
}

const trips = ({ trips, calls }: Measured) => (trips / calls).toFixed(2);
/** Where hardly any call asks. */
const few = ({ trips, calls }: Measured) => `${Number((trips / calls).toPrecision(2))}`;
const commands = ({ commands, calls }: Measured) => (commands / calls).toFixed(2);
const money = ({ dollarsPerMillion }: Measured) => dollarsPerMillion.toFixed(2);

/** 10 000. */
const grouped = (value: number) => (value < 10_000 ? `${value}` : `${value}`.replace(/(\d{3})$/, " $1"));

const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map(line).join("\n");
}

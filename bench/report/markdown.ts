import type { Figure } from "../lib/statistics.ts";

/** A table in Markdown; numbers are aligned to the right. */
export function table(rows: readonly Readonly<Record<string, string | number>>[]): string {
  const [first] = rows;
  if (!first) return "";
  const columns = Object.keys(first);
  const right = columns.map((column) => /^[-\d~−<]/.test(String(first[column])));
  const line = (cells: readonly unknown[]) => `| ${cells.join(" | ")} |`;
  return [
    line(columns),
    line(right.map((aligned) => (aligned ? "--:" : "---"))),
    ...rows.map((row) => line(columns.map((column) => row[column] ?? ""))),
  ].join("\n");
}

/** Three digits, thousands apart: 12 300, 1.23, 0.0123. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 1000)
    return Math.round(Number(value.toPrecision(3)))
      .toString()
      .replace(/\B(?=(\d{3})+$)/g, " ");
  return String(Number(value.toPrecision(3))).replace("-", "−");
}

/** The median and, in brackets, the lowest and highest round. */
export function spread({ median, low, high }: Figure): string {
  return `${number(median)} (${number(low)}–${number(high)})`;
}

export function percent(share: number): string {
  return `${number(share * 100)} %`;
}

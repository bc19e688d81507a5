/** Rows as columns of text, each as wide as its widest cell, under their names; what is empty everywhere is left out. */
export function table(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = names.map((_name, i) => rows.some((row) => row[i])).map((isUsed, i) => (isUsed ? i : -1));
  const columns = used.filter((i) => i >= 0);
  const widths = columns.map((i) => Math.max(...[names, ...rows].map((row) => (row[i] ?? "").length)));
  const line = (row: readonly string[]) =>
    columns
      .map((i, place) => (row[i] ?? "").padEnd(widths[place] as number))
      .join("  ")
      .trimEnd();
  return [names, ...rows].map(line).join("\n");
}

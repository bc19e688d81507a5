/** Whether an `Accept` field prefers plain text to JSON; JSON where it has no preference. RFC 9110, section 12.5.1. */
export function prefersText(accept: string | null): boolean {
  const weights = new Map<string, number>();
  for (const range of (accept ?? "").toLowerCase().split(",")) {
    const [, type = "", q = "1"] = /^\s*([^\s;]*)(?:.*;\s*q=([\d.]+))?/.exec(range) ?? [];
    weights.set(type, Number(q));
  }
  const weight = (...ranges: string[]) => ranges.map((range) => weights.get(range)).find((q) => q !== undefined) ?? 0;
  const json = ["application/problem+json", "application/json"].map((type) => weight(type, "application/*", "*/*"));
  return weight("text/plain", "text/*", "*/*") > Math.max(...json);
}

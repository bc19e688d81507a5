/** Whether an `Accept` field prefers plain text to JSON; JSON where it has no preference. RFC 9110, section 12.5.1. */
export function prefersText(accept: string | null): boolean {
  if (!accept) return false;
  const weights = new Map<string, number>();
  for (const range of accept.toLowerCase().split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    weights.set(type, q ? Number(q.slice(2)) || 0 : 1);
  }
  const weight = (...ranges: string[]) => weights.get(ranges.find((range) => weights.has(range)) ?? "") ?? 0;
  const json = Math.max(
    weight("application/problem+json", "application/*", "*/*"),
    weight("application/json", "application/*", "*/*"),
  );
  return weight("text/plain", "text/*", "*/*") > json;
}

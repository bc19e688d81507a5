import type { Decision, PolicyStatus } from "../../core/decision.ts";

/** A decision as several limiters make it, as far as it matters here. */
interface Whole {
  readonly policies?: readonly (PolicyStatus & { readonly level?: string })[];
  readonly parts?: { readonly [level: string]: Decision | undefined };
}

/** The decisions on what is held: those of the levels `among` all, or the only one there is. */
function partsOf(decision: Decision, among: readonly string[] | undefined): readonly (Decision | undefined)[] {
  return among ? among.map((level) => (decision as Whole).parts?.[level]) : [decision];
}

/** Ms that the shortest hold lasts that the decision took; 0 if it took none. A snapshot lets nothing pass but what is not counted. */
export function holdMsOf(decision: Decision, among: readonly string[] | undefined): number {
  if (!decision.allowed) return 0;
  const lengths = partsOf(decision, among).flatMap((part) =>
    part?.source === "store" || part?.source === "memory" ? part.policies.map(({ windowMs }) => windowMs) : [],
  );
  return lengths.length > 0 ? Math.min(...lengths) : 0;
}

/** The same decision, whose numbers say where they count what runs at once. */
export function withUnits<Answer extends Decision>(decision: Answer, among: readonly string[] | undefined): Answer {
  const { policies = [] } = decision as Whole;
  const whole = policies.filter(({ level }) => level !== undefined && among?.includes(level));
  const parts = partsOf(decision, among).flatMap((part) => (part as Whole | undefined)?.policies ?? []);
  for (const status of [...whole, ...parts]) Object.assign(status, { unit: "concurrent-requests" });
  return decision;
}

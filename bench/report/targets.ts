import type { Raw } from "../raw.ts";
import { table } from "./markdown.ts";
import { accuracy, money } from "./targets-decisions.ts";
import { inFlight } from "./targets-in-flight.ts";
import { leases } from "./targets-leases.ts";
import { denials, memory, partsInRedis, throughput } from "./targets-speed.ts";

export function targets(raw: Raw): string {
  const all = [
    ...throughput(raw),
    ...denials(raw),
    memory(raw),
    ...partsInRedis(raw),
    ...accuracy(raw),
    ...money(raw),
    ...leases(raw),
    ...inFlight(raw),
  ];
  const rows = all.map(({ what, target, measured, met }) => ({ what, target, measured, reached: met ? "yes" : "no" }));
  const reasons = new Set(all.filter(({ met }) => !met).map(({ why }) => `- ${why}`));
  const list = reasons.size > 0 ? ["Where a target is not reached:", [...reasons].join("\n")] : [];
  return [table(rows), ...list].join("\n\n");
}

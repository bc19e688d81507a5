import type { KnownDecision } from "../../core/decision.ts";
import { windowSeconds } from "./seconds.ts";

/** Policies as the sixth and seventh draft write them, `100;w=60`: without names, so no quota may occur twice. */
export function numberedPolicies({ policies }: KnownDecision): string {
  const first = policies.filter(({ burst }, i) => policies.findIndex((other) => other.burst === burst) === i);
  return first.map((status) => `${status.burst};w=${windowSeconds(status)}`).join(", ");
}

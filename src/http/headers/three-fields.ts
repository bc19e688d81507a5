import type { KnownDecision } from "../../core/decision.ts";
import { bindingPolicy, resetSeconds } from "./seconds.ts";

/** Limit, Remaining and Reset, which have room for one policy: of several limiters the scarcest is told. */
export function threeFields(prefix: string, headers: Headers, decision: KnownDecision): void {
  const status = bindingPolicy(decision);
  const told = headers.get(`${prefix}-Remaining`);
  if (told !== null && Number(told) <= status.remaining) return;
  headers.set(`${prefix}-Limit`, `${status.burst}`);
  headers.set(`${prefix}-Remaining`, `${status.remaining}`);
  headers.set(`${prefix}-Reset`, `${resetSeconds(status)}`);
}

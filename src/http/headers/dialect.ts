import type { Decision, KnownDecision } from "../../core/decision.ts";
import { misuse } from "../../core/misuse.ts";
import { labelled } from "./labelled.ts";
import { retryAfterSeconds } from "./seconds.ts";

/** A way to tell the quota in a response: `standardFields`, `legacyFields`, `draft6Fields` or `draft7Fields`. */
export interface Dialect {
  /** The names of its fields. */
  readonly names: readonly string[];
  /** Adds the fields of a decision to those of other limiters. */
  write(headers: Headers, decision: KnownDecision): void;
}

/** One dialect, several, or none. */
export type Dialects = Dialect | readonly Dialect[] | false;

/** The dialects as a list; throws a `TypeError` that names `option` if something else is among them. */
export function dialectsOf(option: string, dialects: Dialects): readonly Dialect[] {
  const list: readonly Dialect[] = dialects === false ? [] : [dialects].flat();
  for (const dialect of list) {
    if (typeof dialect?.write !== "function") throw misuse(option, "standardFields or its like, or false", dialect);
  }
  return list;
}

/**
 * Writes what is known: `Retry-After`, unless somebody has chosen one, and each quota's numbers. A decision by failure mode
 * alone or by a rule knows none, and a policy without a limit for this call has none.
 */
export function writeFields(dialects: readonly Dialect[], headers: Headers, decision: Decision): void {
  const seconds = retryAfterSeconds(decision);
  if (seconds && !headers.has("Retry-After")) headers.set("Retry-After", `${seconds}`);
  if (!("policies" in decision)) return;
  const told = labelled(decision);
  const policies = told.policies.filter(({ burst }) => burst < Infinity);
  const known = policies.length < told.policies.length ? { ...told, policies } : told;
  if (policies[0]) for (const dialect of dialects) dialect.write(headers, known);
}

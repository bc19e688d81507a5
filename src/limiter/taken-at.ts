import type { Decision } from "../core/decision.ts";
import { misuse } from "../core/misuse.ts";

/**
 * When the call of a decision took its cost, in ms by the store's time; `undefined` where nobody counted it, or nothing is told. Decisions may come out of
 * JSON, so throws a `TypeError` for what is none.
 */
export function takenAt(since: unknown): number | undefined {
  const { source, at } = (since ?? {}) as { [Name in keyof Decision | "at"]?: unknown };
  if (since === undefined || source === "fallback" || source === "rule" || source === "penalty") return undefined;
  if (typeof source === "string" && Number.isSafeInteger(at)) return at as number;
  throw misuse("since", "a decision", since);
}

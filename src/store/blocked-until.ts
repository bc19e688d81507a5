import { noReply } from "./step-reply.ts";

/** Takes off a reply what stands behind the counts of a key with a penalty; throws a `StoreError` for what can't be that. */
export function takeBlockedUntil(numbers: unknown[]): number | undefined {
  const told = Number(numbers.shift());
  if (!Number.isSafeInteger(told)) throw noReply();
  return told || undefined;
}

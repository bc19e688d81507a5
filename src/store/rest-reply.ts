import { StoreError } from "../core/errors.ts";

/** The result in `{"result": …}`; throws what `{"error": …}` says, by the name that `@upstash/redis` gives it. */
export function resultOf(reply: unknown): unknown {
  const { result, error } = (reply ?? {}) as { result?: unknown; error?: unknown };
  if (typeof error === "string") throw Object.assign(new Error(error), { name: "UpstashError" });
  if (result === undefined) throw new StoreError("reply", "Redis answered with something that is no reply");
  return result;
}

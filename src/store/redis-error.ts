import { StoreError } from "../core/errors.js";

/** What a client threw, as a `StoreError` that quotes no more of it than Redis's own error code. */
export function redisError(thrown: unknown, signal: AbortSignal): StoreError {
  if (thrown instanceof StoreError) return thrown;
  if (signal.aborted) return new StoreError("timeout", "Redis did not answer in time");
  const text = errorText(thrown);
  // Clients put their own words in front: "ERR …", "UpstashError: NOPERM …", "Command failed: WRONGTYPE …".
  const code = /\b(WRONGPASS|NOAUTH|NOPERM|READONLY|WRONGTYPE|NOSCRIPT|OOM|BUSY|LOADING|MISCONF|CROSSSLOT|ERR)\b/.exec(
    text,
  )?.[1];
  if (code === "WRONGPASS" || code === "NOAUTH" || code === "NOPERM") {
    return new StoreError("auth", `Redis refused access: ${code}`);
  }
  if (code) return new StoreError("reply", `Redis answered with an error: ${code}`);
  if (/\bUnauthorized\b/i.test(text)) return new StoreError("auth", "Redis refused access");
  if (thrown instanceof Error && /JSON/.test(thrown.name)) {
    return new StoreError("reply", "Redis answered with something that is not JSON");
  }
  return new StoreError("network", "Redis could not be reached");
}

export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

import { StoreError, type StoreErrorKind } from "../core/errors.ts";

/** The code at the front of what Redis, its providers, proxies and clients say; those of Node's network begin with another E. */
const CODE = /^(?:Command failed: )?(?:\w+: |ERR )?(?!E(?!RR|XEC))([A-Z]{3,})\b/;
const KINDS: Readonly<Record<string, StoreErrorKind>> = {
  WRONGPASS: "auth",
  NOAUTH: "auth",
  NOPERM: "auth",
  UNAVAILABLE: "network",
};

/** How engines word it that the body was JSON of another shape than a reply's. */
const NO_REPLY = /did not return a result|propert|not an object|destructur|not iterable|not a function/;

/** What a client threw, as a `StoreError` that quotes no more of it than Redis's own error code. */
export function redisError(thrown: unknown, signal: AbortSignal): StoreError {
  if (thrown instanceof StoreError) return thrown;
  if (signal.aborted) return new StoreError("timeout", "Redis did not answer in time");
  const name = textAt(thrown, "name");
  // Before the codes: the text of such an error quotes the body, which may contain anything.
  if (/JSON|Syntax/.test(name)) return new StoreError("reply", "Redis answered with something that is not JSON");
  const text = errorText(thrown);
  const code = errorCode(thrown);
  if (code) {
    const kind = KINDS[code] ?? "reply";
    return new StoreError(kind, `${meaning(kind, text)}: ${code}`, code);
  }
  if (/Unauthorized/i.test(text)) return new StoreError("auth", "Redis refused access");
  if (/Upstash/.test(name) || (name === "TypeError" && NO_REPLY.test(text))) {
    return new StoreError("reply", "Redis answered with something that is no reply");
  }
  return new StoreError("network", "Redis could not be reached");
}

function meaning(kind: StoreErrorKind, text: string): string {
  if (kind === "auth") return "Redis refused access";
  if (kind === "network") return "Redis could not be reached";
  return /limit exceeded/i.test(text) ? "Redis's provider reached a limit" : "Redis answered with an error";
}

/** Redis's error code, such as `"NOSCRIPT"`, in what a client threw. */
export function errorCode(thrown: unknown): string | undefined {
  return CODE.exec(errorText(thrown))?.[1];
}

/** The text of what a client threw, without the command that some quote behind it: keys may contain anything. */
export function errorText(thrown: unknown): string {
  const text = typeof thrown === "string" ? thrown : textAt(thrown, "message");
  return text.split(", command was: ", 1)[0] as string;
}

/** By property and not by class: a client's errors may come from another realm. */
function textAt(thrown: unknown, property: "name" | "message"): string {
  const text: unknown = (thrown as Partial<Error> | null | undefined)?.[property];
  return typeof text === "string" ? text : "";
}

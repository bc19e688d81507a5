import type { Decision } from "../core/decision.ts";
import type { Asked } from "./asked.ts";
import { labelled } from "./headers/labelled.ts";
import { retryAfterSeconds } from "./headers/seconds.ts";

/** An answer as plain data, which each end sends in its own way. */
export interface Denial {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** `null` for `HEAD`. */
  readonly body: string | null;
}

const TYPES = "https://iana.org/assignments/http-problem-types#";

/**
 * The answer to a denied request: 429, or 503 where nobody knows the counts: without a decision, or by failure mode
 * `"closed"`; `blockedStatus` where a rule or a penalty blocks it, which says nothing of why. The body is a problem document (RFC 9457)
 * of the types that the draft defines, or plain text for clients that accept this and say nothing of JSON. Its member
 * `retry-after` (seconds) is for scripts of other origins, which see no fields.
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11#section-5
 */
export function denial(request: Asked, decision?: Decision, blockedStatus = 429): Denial {
  const seconds = decision ? retryAfterSeconds(decision) : 1;
  const detail = seconds ? `Try again in ${seconds} s.` : "Waiting does not help.";
  let [type, title, status] = ["abnormal-usage-detected", "Blocked", blockedStatus];
  let violated: string[] | undefined;
  if (!decision || decision.source === "fallback") {
    [type, title, status] = ["temporary-reduced-capacity", "Temporary Reduced Capacity", 503];
  } else if ("policies" in decision) {
    [type, title, status] = ["quota-exceeded", "Quota Exceeded", 429];
    violated = labelled(decision)
      .policies.filter(({ retryAfterMs }) => retryAfterMs > 0)
      .map(({ policy }) => policy);
  }
  const text = isText(request.headers.get("Accept") ?? "");
  // JSON leaves out what is undefined. An object put together of several would take three times as long.
  const problem = { type: TYPES + type, title, status, "violated-policies": violated, detail, "retry-after": seconds };
  const body = text ? `${title}. ${detail}\n` : JSON.stringify(problem);
  return {
    status,
    headers: {
      "Content-Type": text ? "text/plain; charset=utf-8" : "application/problem+json",
      ...(seconds && { "Retry-After": `${seconds}` }),
    },
    body: request.method === "HEAD" ? null : body,
  };
}

const isText = (accept: string) => /text\/(plain|\*)/i.test(accept) && !/json/i.test(accept);

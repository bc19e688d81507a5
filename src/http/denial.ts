import type { Decision } from "../core/decision.js";
import { retryAfterSeconds } from "./headers/seconds.js";
import { prefersText } from "./prefers-text.js";

const TYPES = "https://iana.org/assignments/http-problem-types#";

/**
 * The answer to a denied request: 429, or 503 where the store could not be asked and the failure mode is `"closed"`. The
 * body is a problem document (RFC 9457) of the types that the draft defines, or plain text where the client prefers that.
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11#section-5
 */
export function denial(request: Request, decision: Decision): Response {
  const status = decision.source === "fallback" ? 503 : 429;
  const text = prefersText(request.headers.get("Accept"));
  const problem = { ...problemOf(decision), status, detail: detailOf(decision) };
  const body = text ? `${problem.title}. ${problem.detail}\n` : JSON.stringify(problem);
  const contentType = text ? "text/plain; charset=utf-8" : "application/problem+json";
  return new Response(request.method === "HEAD" ? null : body, { status, headers: { "Content-Type": contentType } });
}

function problemOf(decision: Decision) {
  if (decision.source === "fallback") {
    return {
      type: `${TYPES}temporary-reduced-capacity`,
      title: "Request cannot be satisfied due to temporary server capacity constraints",
    };
  }
  return {
    type: `${TYPES}quota-exceeded`,
    title: "Request cannot be satisfied as assigned quota has been exceeded",
    "violated-policies": decision.policies.filter((each) => each.retryAfterMs > 0).map(({ policy }) => policy),
  };
}

function detailOf(decision: Decision): string {
  const seconds = retryAfterSeconds(decision);
  return seconds ? `Try again in ${seconds} s.` : "It asks for more than the quota can ever give.";
}

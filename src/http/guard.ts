import type { Decision } from "../core/decision.ts";
import type { Limiter } from "../limiter/limiter.ts";
import { denial } from "./denial.ts";
import { writeFields } from "./headers/dialect.ts";
import { retryAfterSeconds } from "./headers/seconds.ts";
import { checkOptions, type KeyValue, type RateLimitOptions } from "./options.ts";
import { withHeaders } from "./with-headers.ts";

/** One request, as the guard needs it. */
export interface Visit<Subject, Info extends readonly unknown[], Source> {
  readonly request: Request;
  readonly subject: Subject;
  readonly info: Info;
  readonly source: Source;
  /** Takes note of the decision before the handler runs. */
  tell(decision: Decision): void;
  /** What the platform has to finish work behind the response, if it has that. */
  waitUntil(): ((task: Promise<unknown>) => void) | undefined;
}

/** Stands before a handler: runs `serve`, or answers in its place. */
export type Guard<Subject, Info extends readonly unknown[], Source> = <Served extends Response | undefined>(
  visit: Visit<Subject, Info, Source>,
  serve: () => Promise<Served>,
) => Promise<Served | Response>;

/** What `rateLimit` and `withRateLimit` have in common, which is everything but the shape of their handlers. */
export function createGuard<Subject, Info extends readonly unknown[], Source>(
  options: RateLimitOptions<Subject, Info, Source>,
  defaultKey: (subject: Subject, ...info: Info) => KeyValue,
): Guard<Subject, Info, Source> {
  checkOptions(options as RateLimitOptions<never, never, never>);
  const { key: keyOf = defaultKey, cost: costOf = 1, limit: limitOf, skip, onDenied, refundOn } = options;
  const { headers: dialect = "standard", dryRun = false } = options;
  const limiterOf = keptLimiter(options.limiter);

  return async (visit, serve) => {
    const { request, subject, info } = visit;
    if (await skip?.(subject, ...info)) return serve();
    const given = await keyOf(subject, ...info);
    if (given === undefined || given === null) return serve();
    const key = spelled(given);
    const limiter = limiterOf(visit.source);
    const cost = typeof costOf === "function" ? await costOf(subject, ...info) : costOf;
    const limit = typeof limitOf === "function" ? await limitOf(subject, ...info) : limitOf;
    const limits = limit === undefined ? {} : { limit };

    const decision = await limiter.consume(key, { cost, ...limits });
    visit.tell(decision);
    if (!decision.allowed && !dryRun) {
      const response = (await onDenied?.(subject, decision, ...info)) ?? denial(request, decision);
      return withHeaders(response, (headers) => {
        const seconds = retryAfterSeconds(decision);
        if (seconds && !headers.has("Retry-After")) headers.set("Retry-After", `${seconds}`);
        writeFields(dialect, headers, decision);
      });
    }

    const served = await serve();
    if (!served) return served;
    const response = dryRun ? served : withHeaders(served, (headers) => writeFields(dialect, headers, decision));
    if (refundOn && decision.allowed && decision.source !== "fallback") {
      const settle = async () => {
        if (await refundOn(response, subject, ...info)) await limiter.refund(key, cost, limits);
      };
      const waitUntil = visit.waitUntil();
      if (waitUntil) waitUntil(settle());
      else await settle();
    }
    return response;
  };
}

/** Makes the limiter at the first request and keeps it. */
function keptLimiter<Source>(limiter: Limiter | ((source: Source) => Limiter)): (source: Source) => Limiter {
  if (typeof limiter !== "function") return () => limiter;
  let kept: Limiter | undefined;
  return (source) => {
    kept ??= limiter(source);
    return kept;
  };
}

/** Limiters take no empty key, but clients can send empty headers. Distinct keys stay distinct. */
function spelled(key: string): string {
  return typeof key === "string" && key.replaceAll("\0", "") === "" ? `${key}\0` : key;
}

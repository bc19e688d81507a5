import type { Decision } from "../core/decision.ts";
import type { WaitUntil } from "../core/event.ts";
import { refuseOthers } from "../core/misuse.ts";
import { wholeNumber } from "../core/whole-number.ts";
import type { Serving } from "../limiter/in-flight/held.ts";
import type { Methods } from "../limiter/methods.ts";
import type { Asked } from "./asked.ts";
import { denial } from "./denial.ts";
import { dialectsOf, writeFields } from "./headers/dialect.ts";
import { standardFields } from "./headers/standard.ts";
import { checkOptions, type KeyValue, type Limiting, type RateLimitOptions } from "./options.ts";
import { withHeaders } from "./with-headers.ts";

/** One request, as the guard needs it. */
export interface Visit<Subject, Info extends readonly unknown[], Source> {
  readonly request: Asked;
  readonly subject: Subject;
  readonly info: Info;
  readonly source: Source;
  /** Takes note of the decision before the handler runs. */
  tell(decision: Decision): void;
  /** Keeps a place in flight for as long as its handler works; left out where that is as long as the response's body takes. */
  keep?(decision: Decision & Serving): void;
  /** What the platform has to finish work behind the response, if it has that. */
  waitUntil(): WaitUntil | undefined;
}

/** Stands before a handler: runs `serve`, or answers in its place. */
export type Guard<Subject, Info extends readonly unknown[], Source> = <Served extends Response | undefined>(
  visit: Visit<Subject, Info, Source>,
  serve: () => Promise<Served>,
) => Promise<Served | Response>;

/** Text, or of several limiters a record by level. */
type AnyKey = string | Readonly<Record<string, string>>;

/** A limiter, or several as one. What fits which of them is up to the types of `rateLimit` and `withRateLimit`. */
type LimiterOfAny = Pick<Methods<AnyKey, Decision>, "consume" | "refund"> & Limiting;

/** What `rateLimit` and `withRateLimit` have in common, which is everything but the shape of their handlers. */
export function createGuard<Subject, Info extends readonly unknown[], Source>(
  options: RateLimitOptions<Subject, Info, Source, LimiterOfAny>,
  defaultKey: (subject: Subject, ...info: Info) => KeyValue,
): Guard<Subject, Info, Source> {
  checkOptions(options as RateLimitOptions<never, never, never>);
  const {
    key: keyOf = defaultKey,
    cost: costOf = 1,
    limit: limitOf,
    skip,
    onDenied,
    refundOn,
    onError = report,
    headers = standardFields,
    dryRun = false,
    blockedStatus = 429,
    limiter,
    // Hono's alone.
    variable,
    ...others
  } = options as typeof options & { variable?: unknown };
  refuseOthers(others);
  wholeNumber("blockedStatus", blockedStatus, 403, 429);
  const dialects = dialectsOf("headers", headers);
  const limiterOf = keptLimiter(limiter);

  /** What the options make of a request; `undefined` if it is not limited. */
  async function callFor({ subject, info, source }: Visit<Subject, Info, Source>) {
    if (await skip?.(subject, ...info)) return undefined;
    const key = await keyOf(subject, ...info);
    if (key === undefined || key === null) return undefined;
    return {
      limiter: limiterOf(source),
      key: spelled(key),
      cost: typeof costOf === "function" ? await costOf(subject, ...info) : costOf,
      limit: typeof limitOf === "function" ? await limitOf(subject, ...info) : limitOf,
    };
  }

  return async (visit, serve) => {
    const { request, subject, info } = visit;
    let call: Awaited<ReturnType<typeof callFor>>;
    try {
      call = await callFor(visit);
    } catch (error) {
      // Hono's HTTPException was thrown to answer, not because something broke.
      if ((error as { getResponse?: unknown } | null | undefined)?.getResponse) throw error;
      const answer = await onError(error, subject, ...info);
      if (dryRun) return serve();
      // Without a limiter this throws: nobody said that requests may pass then.
      return answer ?? (limiterOf(visit.source).failureMode === "closed" ? denial(request) : serve());
    }
    if (!call) return serve();

    const { limiter, key, cost, limit } = call;
    // Looked up where something needs it: Hono throws an error, with a stack, where the platform has none.
    const { hold } = limiter as { readonly hold?: typeof limiter.consume };
    const decision = await (hold ?? limiter.consume)(key, {
      cost,
      limit,
      strikes: !dryRun,
      get waitUntil() {
        return visit.waitUntil();
      },
    });
    visit.tell(decision);
    const write = (headers: Headers) => writeFields(dialects, headers, decision);
    if (!decision.allowed && !dryRun) {
      return withHeaders(
        (await onDenied?.(subject, decision, ...info)) ?? denial(request, decision, blockedStatus),
        write,
      );
    }

    const holds = "serve" in decision ? (decision as Decision & Serving) : undefined;
    if (holds) visit.keep?.(holds);
    const served = await (holds && !visit.keep ? holds.serve(serve, request) : serve());
    if (!served) return served;
    const response = dryRun ? served : withHeaders(served, write);
    if (refundOn && decision.allowed && "policies" in decision) {
      const waitUntil = visit.waitUntil();
      const settle = async () => {
        try {
          if (await refundOn(response, subject, ...info)) {
            await limiter.refund(key, cost, { limit, waitUntil, since: decision });
          }
        } catch (error) {
          await onError(error, subject, ...info);
        }
      };
      if (waitUntil) waitUntil(settle());
      else await settle();
    }
    return response;
  };
}

/** Makes the limiter at the first request and keeps it. */
function keptLimiter<Source, L extends Limiting>(limiter: L | ((source: Source) => L)): (source: Source) => L {
  if (typeof limiter !== "function") return () => limiter;
  let kept: L | undefined;
  return (source) => {
    kept ??= limiter(source);
    return kept;
  };
}

/** Limiters take no empty key, but clients can send empty headers. Distinct keys stay distinct. */
function spelled(key: AnyKey): AnyKey {
  if (typeof key === "object") {
    return Object.fromEntries(Object.entries(key).map(([level, own]) => [level, spelled(own) as string]));
  }
  return typeof key === "string" && key.replaceAll("\0", "") === "" ? `${key}\0` : key;
}

function report(error: unknown): void {
  // biome-ignore lint/suspicious/noConsole: unless the app listens, nobody else would tell that requests pass unlimited.
  console.error(error);
}

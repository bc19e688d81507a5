import type { Decision } from "../core/decision.ts";
import type { WaitUntil } from "../core/event.ts";
import { refuseOthers } from "../core/misuse.ts";
import { wholeNumber } from "../core/whole-number.ts";
import type { Amount } from "../limiter/amounts.ts";
import type { ConsumeOptions } from "../limiter/call-options.ts";
import type { Methods } from "../limiter/methods.ts";
import type { Asked } from "./asked.ts";
import { type Denial, denial } from "./denial.ts";
import { dialectsOf, writeFields } from "./headers/dialect.ts";
import { standardFields } from "./headers/standard.ts";
import { checkOptions, type KeyValue, type Limiting, type RateLimitOptions } from "./options.ts";

/** One request, as the guard needs it. */
export interface Visit<Subject, Info extends readonly unknown[], Source> {
  readonly request: Asked;
  readonly subject: Subject;
  readonly info: Info;
  readonly source: Source;
  /** Takes note of the decision before the handler runs. */
  tell(decision: Decision): void;
  /** What the platform has to finish work behind the response, if it has that. */
  waitUntil(): WaitUntil | undefined;
}

/** Writes the fields of a decision. */
export type Write = (headers: Headers) => void;

/**
 * Stands before a handler: resolves to what `serve` makes of it, or `respond` of the answer in its place. Both get `write` unless the
 * response tells nothing of a decision, `serve` the decision, which may hold a place in flight, and both the visit, so that they need
 * not be made for each request.
 */
export type Guard<V, Served> = <Passed extends Served | undefined, Answered>(
  visit: V,
  serve: (write: Write | undefined, decision: Decision | undefined, visit: V) => Passed | Promise<Passed>,
  respond: (answer: Denial | Response, write: Write | undefined, visit: V) => Answered | Promise<Answered>,
) => Promise<Passed | Answered>;

/** `Served`: what `refundOn` is shown. */
export type GuardOptions<Subject, Info extends readonly unknown[], Source, Served> = Omit<
  RateLimitOptions<Subject, Info, Source, LimiterOfAny>,
  "refundOn"
> & { refundOn?: ((served: Served, subject: Subject, ...info: Info) => boolean | Promise<boolean>) | undefined };

/** Text, or of several limiters a record by level. */
type AnyKey = string | Readonly<Record<string, string>>;

/** A limiter, or several as one. What fits which of them is up to the types of `rateLimit` and `withRateLimit`. */
type LimiterOfAny = Pick<Methods<AnyKey, Decision>, "consume" | "refund"> &
  Limiting & { readonly hold?: Methods<AnyKey, Decision>["consume"] };

/** What all middleware has in common, which is everything but the shape of handlers and responses. */
export function createGuard<
  Subject,
  Info extends readonly unknown[],
  Source,
  Served,
  V extends Visit<Subject, Info, Source> = Visit<Subject, Info, Source>,
>(
  options: GuardOptions<Subject, Info, Source, Served>,
  defaultKey: (subject: Subject, ...info: Info) => KeyValue,
): Guard<V, Served> {
  checkOptions(options as RateLimitOptions<never, never, never>);
  const {
    key: keyOf = defaultKey,
    cost: costOf = 1,
    limit: limitOf,
    skip,
    onDenied,
    refundOn,
    // biome-ignore lint/suspicious/noConsole: unless the app listens, nobody else would tell that requests pass unlimited.
    onError = (error: unknown) => console.error(error),
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
  let kept: LimiterOfAny | undefined;
  /** Makes the limiter at the first request and keeps it. */
  function limiterOf(source: Source): LimiterOfAny {
    kept ??= typeof limiter === "function" ? limiter(source) : limiter;
    return kept;
  }

  return async (visit, serve, respond) => {
    const { subject, info } = visit;
    let call: { limiter: LimiterOfAny; key: AnyKey; cost: Amount; limit: Amount | undefined } | undefined;
    try {
      const found = skip && (await skip(subject, ...info)) ? undefined : keyOf(subject, ...info);
      // To wait for what is there already costs a promise.
      const key = typeof found === "object" ? await found : found;
      if (key !== undefined && key !== null) {
        call = {
          limiter: limiterOf(visit.source),
          key: spelled(key),
          cost: typeof costOf === "function" ? await costOf(subject, ...info) : costOf,
          limit: typeof limitOf === "function" ? await limitOf(subject, ...info) : limitOf,
        };
      }
    } catch (error) {
      // Hono's HTTPException was thrown to answer, not because something broke.
      if ((error as { getResponse?: unknown } | null | undefined)?.getResponse) throw error;
      const answer = await onError(error, subject, ...info);
      // Without a limiter this throws: nobody said that requests may pass then.
      return !dryRun && (answer || limiterOf(visit.source).failureMode === "closed")
        ? respond(answer ?? denial(visit.request), undefined, visit)
        : serve(undefined, undefined, visit);
    }
    if (!call) return serve(undefined, undefined, visit);

    const { limiter, key, cost, limit } = call;
    const decision = await (limiter.hold ?? limiter.consume)(key, new OptionsOf(visit, cost, limit, !dryRun));
    visit.tell(decision);
    const write = dryRun ? undefined : (headers: Headers) => writeFields(dialects, headers, decision);
    if (!decision.allowed && write) {
      const answer = (await onDenied?.(subject, decision, ...info)) ?? denial(visit.request, decision, blockedStatus);
      return respond(answer, write, visit);
    }

    const served = await serve(write, decision, visit);
    if (served && refundOn && decision.allowed && "policies" in decision) {
      const waitUntil = visit.waitUntil();
      const settled = (async () => {
        try {
          if (await refundOn(served, subject, ...info)) {
            await limiter.refund(key, cost, { limit, waitUntil, since: decision });
          }
        } catch (error) {
          await onError(error, subject, ...info);
        }
      })();
      if (waitUntil) waitUntil(settled);
      else await settled;
    }
    return served;
  };
}

/** As much of a visit as the options of its call need. */
type Asking = Pick<Visit<unknown, readonly unknown[], unknown>, "waitUntil">;

/**
 * The options of a call. Its `waitUntil` is looked up where something needs it: Hono throws an error, with a stack, where the platform has
 * none. By a class, since engines give every object with a getter of its own a shape of its own, at 7 µs.
 */
class OptionsOf implements ConsumeOptions {
  constructor(
    readonly visit: Asking,
    readonly cost: Amount,
    readonly limit: Amount | undefined,
    readonly strikes: boolean,
  ) {}

  get waitUntil(): WaitUntil | undefined {
    return this.visit.waitUntil();
  }
}

/** Limiters take no empty key, but clients can send empty headers. Distinct keys stay distinct. */
function spelled(key: AnyKey): AnyKey {
  if (typeof key === "object") {
    return Object.fromEntries(Object.entries(key).map(([level, own]) => [level, spelled(own) as string]));
  }
  return typeof key === "string" && /^\0*$/.test(key) ? `${key}\0` : key;
}

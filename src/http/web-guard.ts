import type { Serving } from "../limiter/in-flight/held.ts";
import type { Denial } from "./denial.ts";
import { createGuard, type GuardOptions, type Visit, type Write } from "./guard.ts";
import type { KeyValue, Limiting, RateLimitOptions } from "./options.ts";
import { withHeaders } from "./with-headers.ts";

/** Stands before a handler of web requests: runs `serve`, or answers in its place. */
export type WebGuard<Subject, Info extends readonly unknown[], Source> = <Served extends Response | undefined>(
  visit: Visit<Subject, Info, Source>,
  serve: () => Promise<Served>,
) => Promise<Served | Response>;

/** The guard of `rateLimit` for Hono and of `withRateLimit`. */
export function createWebGuard<Subject, Info extends readonly unknown[], Source, L extends Limiting>(
  options: RateLimitOptions<Subject, Info, Source, L>,
  defaultKey: (subject: Subject, ...info: Info) => KeyValue,
): WebGuard<Subject, Info, Source> {
  // What fits this limiter is up to the types of the middleware.
  const guard = createGuard(options as unknown as GuardOptions<Subject, Info, Source, Response>, defaultKey);
  return (visit, serve) =>
    guard(
      visit,
      async (write, decision) => {
        // A place in flight is kept for as long as the body takes.
        const holds = decision as Partial<Serving> | undefined;
        const served = await (holds?.serve?.(serve, visit.request) ?? serve());
        return (served && withHeaders(served, write)) as typeof served;
      },
      respond,
    );
}

const respond = (answer: Denial | Response, write?: Write): Response =>
  withHeaders("text" in answer ? answer : new Response(answer.body, answer), write);

import type { ServerResponse } from "node:http";
import type { Decision } from "../../core/decision.ts";
import type { WaitUntil } from "../../core/event.ts";
import { checkFunction } from "../../core/misuse.ts";
import type { Serving } from "../../limiter/in-flight/held.ts";
import type { Asked } from "../asked.ts";
import type { Denial } from "../denial.ts";
import { createGuard, type GuardOptions, type Visit, type Write } from "../guard.ts";
import { dialectsOf } from "../headers/dialect.ts";
import { standardFields } from "../headers/standard.ts";
import type { Limiting } from "../options.ts";
import { withHeaders } from "../with-headers.ts";
import { clientIp } from "./client-ip.ts";
import { note } from "./decisions.ts";
import { type Fields, headersOf } from "./fields.ts";
import { holdUntilClosed } from "./held.ts";
import type { NodeRateLimitOptions } from "./options.ts";
import { askedOf, messageOf, type NodeSubject } from "./subject.ts";

/** One request and its response, as an adapter has them. A class, since closures for each request would cost more. */
export class Exchange<Subject extends NodeSubject, Info extends readonly unknown[]>
  implements Visit<Subject, Info, Subject>
{
  readonly subject: Subject;
  readonly info: Info;
  readonly response: ServerResponse;
  readonly fields: Fields;

  constructor(subject: Subject, info: Info, response: ServerResponse, fields: Fields) {
    this.subject = subject;
    this.info = info;
    this.response = response;
    this.fields = fields;
  }

  get request(): Asked {
    return askedOf(messageOf(this.subject));
  }

  get source(): Subject {
    return this.subject;
  }

  tell(decision: Decision): void {
    note(messageOf(this.subject), decision);
  }

  waitUntil(): WaitUntil {
    return behind;
  }
}

/** Sends what takes the place of a handler's response, whose fields are set already; bytes where an option function answered. */
export type Send<Own> = (exchange: Own, status: number, body: string | Uint8Array) => void;

/** Runs before a handler: resolves to the response if it may run, and to nothing once another answer was sent in its place. */
export type NodeGuard<Own> = (exchange: Own) => Promise<ServerResponse | undefined>;

export function createNodeGuard<Subject extends NodeSubject, Info extends readonly unknown[], L extends Limiting>(
  options: NodeRateLimitOptions<Subject, Info, L>,
  send: Send<Exchange<Subject, Info>>,
): NodeGuard<Exchange<Subject, Info>> {
  type Own = Exchange<Subject, Info>;
  const { refundOn, headers: told = standardFields } = options;
  checkFunction("refundOn", refundOn);
  const whenSent =
    refundOn &&
    (async (response: ServerResponse, subject: Subject, ...info: Info) => {
      if (!response.closed && !response.writableFinished) {
        await new Promise<unknown>((resolve) => response.once("finish", resolve).once("close", resolve));
      }
      return response.headersSent && (await refundOn(response, subject, ...info)) === true;
    });
  // What fits this limiter is up to the types of the adapters; the guard hands it on.
  const shared = { ...options, refundOn: whenSent } as unknown as GuardOptions<Subject, Info, Subject, ServerResponse>;
  const guard = createGuard<Subject, Info, Subject, ServerResponse, Own>(shared, (subject, ..._info) =>
    clientIp(subject),
  );
  const names = new Set(dialectsOf("headers", told).flatMap(({ names }) => names.map((name) => name.toLowerCase())));

  function serve(write: Write | undefined, decision: Decision | undefined, { response, fields }: Own) {
    // A handler on Node writes to its response itself, so the fields have to be there before it runs.
    write?.(headersOf(fields));
    if (decision && "serve" in decision) holdUntilClosed(decision as Decision & Serving, response);
    return response;
  }

  async function respond(answer: Denial | Response, write: Write | undefined, exchange: Own): Promise<undefined> {
    const { fields } = exchange;
    const own = "text" in answer ? withHeaders(answer, write) : answer;
    for (const [name, value] of "text" in own ? own.headers : Object.entries(own.headers)) {
      // Of this field there is one for each cookie, beside those of the app.
      if (name === "set-cookie") fields.appendHeader(name, value);
      else if (!names.has(name)) fields.setHeader(name, value);
    }
    // Not as they are in the answer, since the fields of other limiters are there already.
    write?.(headersOf(fields));
    send(exchange, own.status, "text" in own ? new Uint8Array(await own.arrayBuffer()) : (own.body ?? ""));
  }

  return (exchange) => guard(exchange, serve, respond);
}

/** Goes on to the handler if it may run, for frameworks that call back. No error may look like none. */
export function goOn(guarded: Promise<unknown>, next: (error?: Error) => void): void {
  guarded.then(
    (passed) => {
      if (passed) next();
    },
    (error) => next(error ?? new Error("A function among the options of a limit threw nothing")),
  );
}

/** A server lives on behind its answers; what fails there is told, since nobody else would hear of it. */
function behind(task: Promise<unknown>): void {
  // biome-ignore lint/suspicious/noConsole: a rejection that nobody hears ends the process.
  task.catch((error) => console.error(error));
}

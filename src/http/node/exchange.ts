import type { ServerResponse } from "node:http";
import type { Decision } from "../../core/decision.ts";
import { checkFunction } from "../../core/misuse.ts";
import type { Serving } from "../../limiter/in-flight/held.ts";
import type { Denial } from "../denial.ts";
import { createGuard, type GuardOptions, type Write } from "../guard.ts";
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

/** What an adapter tells of one request and its response. */
export interface Exchange<Subject, Info extends readonly unknown[]> {
  readonly subject: Subject;
  readonly info: Info;
  readonly response: ServerResponse;
  readonly fields: Fields;
}

/** What is sent in place of a handler's response. */
export interface Answer {
  readonly status: number;
  /** Bytes where an option function answered. */
  readonly body: string | Uint8Array;
}

/** Runs before a handler: resolves to the answer in its place, whose fields are set already, or to nothing if it may run. */
export type NodeGuard<Subject, Info extends readonly unknown[]> = (
  exchange: Exchange<Subject, Info>,
) => Promise<Answer | undefined>;

export function createNodeGuard<Subject extends NodeSubject, Info extends readonly unknown[], L extends Limiting>(
  options: NodeRateLimitOptions<Subject, Info, L>,
): NodeGuard<Subject, Info> {
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
  const guard = createGuard(shared, (subject: Subject, ..._info: Info) => clientIp(subject));
  const names = new Set(dialectsOf("headers", told).flatMap(({ names }) => names.map((name) => name.toLowerCase())));

  return async ({ subject, info, response, fields }) => {
    const message = messageOf(subject);
    const serve = async (write?: Write, decision?: Decision) => {
      // A handler on Node writes to its response itself, so the fields have to be there before it runs.
      write?.(headersOf(fields));
      if (decision && "serve" in decision) holdUntilClosed(decision as Decision & Serving, response);
      return response;
    };
    const respond = async (answer: Denial | Response, write?: Write): Promise<Answer> => {
      const own = "text" in answer ? withHeaders(answer, write) : answer;
      for (const [name, value] of "text" in own ? own.headers : Object.entries(own.headers))
        if (!names.has(name)) fields.set(name, value);
      // Not as they are in the answer, since the fields of other limiters are there already.
      write?.(headersOf(fields));
      const body = "text" in own ? new Uint8Array(await own.arrayBuffer()) : (own.body ?? "");
      return { status: own.status, body };
    };
    const visit = {
      request: askedOf(message),
      subject,
      info,
      source: subject,
      tell: (decision: Decision) => note(message, decision),
      waitUntil: () => behind,
    };
    const outcome = await guard(visit, serve, respond);
    return outcome === response ? undefined : (outcome as Answer);
  };
}

/** A server lives on behind its answers; what fails there is told, since nobody else would hear of it. */
function behind(task: Promise<unknown>): void {
  // biome-ignore lint/suspicious/noConsole: a rejection that nobody hears ends the process.
  task.catch((error) => console.error(error));
}

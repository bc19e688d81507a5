import type { IncomingMessage, ServerResponse } from "node:http";
import type { Decision } from "../../core/decision.ts";
import { checkFunction } from "../../core/misuse.ts";
import type { Serving } from "../../limiter/in-flight/held.ts";
import { createGuard } from "../guard.ts";
import { dialectsOf, writeFields } from "../headers/dialect.ts";
import { standardFields } from "../headers/standard.ts";
import type { Limiting, RateLimitOptions } from "../options.ts";
import { clientIp } from "./client-ip.ts";
import { note } from "./decisions.ts";
import { holdUntilClosed } from "./held.ts";
import type { NodeRateLimitOptions } from "./options.ts";
import { askedOf, messageOf, type NodeSubject } from "./subject.ts";

/** What an adapter tells of one request and its response. */
export interface Exchange<Subject, Info extends readonly unknown[]> {
  readonly subject: Subject;
  readonly info: Info;
  readonly response: ServerResponse;
  /** The response's fields, as the framework keeps them until it sends them. */
  readonly fields: Fields;
}

interface Fields {
  get(name: string): unknown;
  set(name: string, value: string): void;
}

/** What is sent in place of a handler's response. */
export interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
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
  const responses = new WeakMap<IncomingMessage, ServerResponse>();
  // What fits this limiter is up to the types of the adapters; the guard hands it on.
  const shared: RateLimitOptions<Subject, Info, Subject, L> = {
    ...options,
    refundOn: refundOn && ((_, subject, ...info) => whenSent(subject, info)),
  };
  const guard = createGuard<Subject, Info, Subject>(shared as never, (subject: Subject, ..._info: Info) =>
    clientIp(subject),
  );
  const dialects = dialectsOf("headers", told);

  async function whenSent(subject: Subject, info: Info): Promise<boolean> {
    const response = responses.get(messageOf(subject)) as ServerResponse;
    if (!response.closed && !response.writableFinished) {
      await new Promise<unknown>((resolve) => response.once("finish", resolve).once("close", resolve));
    }
    return response.headersSent && (await refundOn?.(response, subject, ...info)) === true;
  }

  return async ({ subject, info, response, fields }) => {
    const message = messageOf(subject);
    const headers = headersOf(fields);
    let decision: Decision | undefined;
    let mayRun = false;
    if (refundOn) responses.set(message, response);
    const visit = {
      request: askedOf(message),
      subject,
      info,
      source: subject,
      tell(decided: Decision) {
        decision = decided;
        note(message, decided);
      },
      keep: (held: Decision & Serving) => holdUntilClosed(held, response),
      waitUntil: () => behind,
    };
    const answer = await guard(visit, async () => {
      mayRun = true;
      // A handler on Node writes to its response itself, so the fields have to be there before it runs.
      return { status: 200, headers } as Response;
    });
    if (mayRun) return undefined;
    const names = new Set(dialects.flatMap((dialect) => dialect.names.map((name) => name.toLowerCase())));
    for (const [name, value] of answer.headers) if (!names.has(name)) fields.set(name, value);
    // Once more, since those of other limiters are there already.
    if (decision) writeFields(dialects, headers, decision);
    return { status: answer.status, body: new Uint8Array(await answer.arrayBuffer()) };
  };
}

/** A server lives on behind its answers; what fails there is told, since nobody else would hear of it. */
function behind(task: Promise<unknown>): void {
  // biome-ignore lint/suspicious/noConsole: a rejection that nobody hears ends the process.
  task.catch((error) => console.error(error));
}

/** As much of `Headers` as dialects use. */
function headersOf(fields: Fields): Headers {
  const get = (name: string) => {
    const value = fields.get(name);
    return value === undefined || value === null ? null : `${Array.isArray(value) ? value.join(", ") : value}`;
  };
  return {
    get,
    // The guard copies responses without a type, which may be constants; this one is nobody else's.
    has: (name: string) => name === "Content-Type" || get(name) !== null,
    set: (name: string, value: string) => fields.set(name, value),
    append: (name: string, value: string) => {
      const before = get(name);
      fields.set(name, before === null ? value : `${before}, ${value}`);
    },
  } as unknown as Headers;
}

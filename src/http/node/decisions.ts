import type { IncomingMessage } from "node:http";
import type { Decision } from "../../core/decision.ts";
import { messageOf, type NodeSubject } from "./subject.ts";

/** On the message itself: an entry of a `WeakMap` for every request costs the garbage collector much. */
const DECISION = Symbol("sluice.decision");

type Noted = IncomingMessage & { [DECISION]?: Decision };

/** Takes note of what was decided on a message. */
export function note(message: IncomingMessage, decision: Decision): void {
  (message as Noted)[DECISION] = decision;
}

/**
 * What was decided on a request: Express's and Connect's request, Fastify's request or Koa's context. The last decision where
 * several limits have run; `undefined` where none has, or it skipped the request.
 */
export function rateLimitOf(subject: NodeSubject): Decision | undefined {
  return (messageOf(subject) as Noted)[DECISION];
}

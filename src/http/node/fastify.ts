import type { IncomingMessage, ServerResponse } from "node:http";
import type { Limiter } from "../../limiter/limiter.ts";
import type { KeyRequired, Limiting } from "../options.ts";
import { createNodeGuard, Exchange, goOn } from "./exchange.ts";
import type { Fields } from "./fields.ts";
import type { NodeRateLimitOptions } from "./options.ts";

/** As much of Fastify's request as a limit needs. */
interface FastifyRequest {
  readonly raw: IncomingMessage;
}

/** As much of Fastify's reply as a limit needs. */
interface FastifyReply {
  readonly raw: ServerResponse;
  getHeader(name: string): unknown;
  header(name: string, value: string): unknown;
  code(status: number): unknown;
  serializer(write: (body: string) => string): unknown;
  send(body: string | Uint8Array): unknown;
}

/** As much of a Fastify instance as a plugin needs. */
interface FastifyInstance<Request, Reply> {
  addHook(name: "onRequest", hook: (request: Request, reply: Reply, done: (error?: Error) => void) => void): unknown;
}

/** A reply's fields, which Fastify keeps until it sends them. */
class FastifyFields implements Fields {
  readonly #reply: FastifyReply;

  constructor(reply: FastifyReply) {
    this.#reply = reply;
  }

  getHeader(name: string): unknown {
    return this.#reply.getHeader(name);
  }

  setHeader(name: string, value: string): void {
    this.#reply.header(name, value);
  }

  appendHeader(name: string, value: string): void {
    // Fastify adds cookies to those that are there.
    this.#reply.header(name, value);
  }
}

/**
 * A hook for Fastify, for single routes and for hooks behind the parsing of bodies: `{ onRequest: fastifyHook({ limiter }) }`,
 * `app.addHook("preHandler", fastifyHook({ … }))`. It answers and sets fields as the plugin `fastifyRateLimit` does. Throws a
 * `TypeError` or `RangeError` that names the option.
 */
export function fastifyHook<Request extends FastifyRequest, Reply extends FastifyReply, L extends Limiting = Limiter>(
  options: NodeRateLimitOptions<Request, [reply: Reply], L> & KeyRequired<L>,
): (request: Request, reply: Reply, done: (error?: Error) => void) => void {
  const guard = createNodeGuard(options, ({ info: [reply] }, status, body) => {
    reply.code(status);
    // Fastify adds a charset to JSON that is text, unless it is told how to write it.
    reply.serializer(asItIs);
    reply.send(body);
  });
  // It calls back, since that costs less than a promise. Whoever has answered must not.
  return function rateLimit(request, reply, done) {
    goOn(guard(new Exchange(request, [reply], reply.raw, new FastifyFields(reply))), done);
  };
}

const asItIs = (body: string) => body;

/**
 * A Fastify plugin: limits the routes of the instance that it is registered on, and of those within. Denied requests get 429
 * (503 where the store could not be asked and the failure mode is `"closed"`) with `Retry-After` and a problem document;
 * `rateLimitOf(request)` is the decision. It runs in `onRequest`, before bodies are read.
 *
 *     await app.register(fastifyRateLimit, { limiter });
 */
export async function fastifyRateLimit<
  Request extends FastifyRequest,
  Reply extends FastifyReply,
  L extends Limiting = Limiter,
>(
  instance: FastifyInstance<Request, Reply>,
  options: NodeRateLimitOptions<Request, [reply: Reply], L> & KeyRequired<L>,
): Promise<void> {
  instance.addHook("onRequest", fastifyHook(options));
}

// Fastify's word for a plugin that is meant for the instance it is registered on, and not for one of its own.
Object.assign(fastifyRateLimit, { [Symbol.for("skip-override")]: true });

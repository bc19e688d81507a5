import type { IncomingMessage } from "node:http";
import type { Asked } from "../asked.ts";

/** A request as a framework on Node has it. Express's and Connect's are Node's own. */
export type NodeSubject =
  | IncomingMessage
  /** Fastify's request. */
  | { readonly raw: IncomingMessage }
  /** Koa's context. */
  | { readonly req: IncomingMessage };

/** Node's own request. */
export function messageOf(subject: NodeSubject): IncomingMessage {
  if ("raw" in subject) return subject.raw;
  return "req" in subject ? subject.req : subject;
}

/** A message as the limits see it. To make a `Request` of every one would cost more than to limit it. */
class MessageView implements Asked {
  readonly #message: IncomingMessage;

  constructor(message: IncomingMessage) {
    this.#message = message;
  }

  get method(): string {
    return this.#message.method ?? "GET";
  }

  get url(): string {
    // Routers of Express and Connect cut their own path off `url`.
    const { originalUrl = this.#message.url } = this.#message as { originalUrl?: string };
    return new URL(originalUrl ?? "/", "http://localhost").href;
  }

  get headers(): this {
    return this;
  }

  get(name: string): string | null {
    const value = this.#message.headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(", ") : (value ?? null);
  }
}

/** The request as the limits need it. */
export const askedOf = (message: IncomingMessage): Asked => new MessageView(message);

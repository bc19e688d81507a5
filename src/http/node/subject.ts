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

/** The request as the limits need it. To make a `Request` of every message would cost more than to limit it. */
export function askedOf(message: IncomingMessage): Asked {
  return {
    method: message.method ?? "GET",
    get url() {
      // Routers of Express and Connect cut their own path off `url`.
      const { originalUrl = message.url } = message as { originalUrl?: string };
      return new URL(originalUrl ?? "/", "http://localhost").href;
    },
    headers: {
      get(name) {
        const value = message.headers[name.toLowerCase()];
        return Array.isArray(value) ? value.join(", ") : (value ?? null);
      },
    },
  };
}

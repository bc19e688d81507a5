import type { RequestListener } from "node:http";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import type { RedisLink } from "../redis/link.ts";
import { type Contract, errorAnswer, METHODS } from "./contract.ts";
import { stream } from "./streams.ts";
import { parseTarget } from "./target.ts";

export interface RouterOptions {
  readonly redis: RedisLink;
  readonly contract: Contract;
  /** Web origins whose pages may ask, `*` for all. Browsers keep the answers from any other page. */
  readonly corsOrigins: readonly string[];
  /** What ends each event stream under way, since they end by themselves only when their client does. */
  readonly streams: Set<() => void>;
}

type Env = { Bindings: HttpBindings };

/** Health, event streams, and what web pages ask. */
export function createRouter({ redis, contract, corsOrigins, streams }: RouterOptions): RequestListener {
  const app = new Hono<Env>();
  if (corsOrigins.length > 0) {
    const origin = corsOrigins.includes("*") ? "*" : [...corsOrigins];
    app.use(cors({ origin, allowMethods: METHODS, exposeHeaders: ["upstash-sync-token"] }));
  }
  app.get("/health", (c) => (redis.isReady() ? c.json({ status: "ok" }) : c.json({ status: "unavailable" }, 503)));
  app.on(["GET", "POST"], ["/subscribe/*", "/psubscribe/*", "/monitor"], async (c) =>
    stream(c, await contract.admit(c.env.incoming), parseTarget(c.env.incoming.url).segments, streams),
  );
  app.all("*", async (c) => {
    const { body, ...init } = await contract.answer(c.env.incoming);
    const isWhole = typeof body === "string" || Buffer.isBuffer(body);
    return new Response((isWhole ? body : copies(body)) as BodyInit, init);
  });
  const answerError = (error: unknown, c?: Context<Env>) => {
    const { body, ...init } = errorAnswer(error, c?.env.incoming);
    return new Response(body, init);
  };
  return getRequestListener(app.onError(answerError).fetch, {
    overrideGlobalObjects: false,
    errorHandler: (error) => answerError(error),
  });
}

/** A stream of the web keeps pieces. */
async function* copies(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) yield Buffer.from(piece);
}

import type { RequestListener } from "node:http";
import { Readable } from "node:stream";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { RestError } from "../../errors.ts";
import type { Access } from "../access/access.ts";
import type { RedisLink } from "../redis/link.ts";
import { type Contract, errorAnswer } from "./contract.ts";
import { stream } from "./streams.ts";
import { parseTarget } from "./target.ts";

export interface RouterOptions {
  readonly redis: RedisLink;
  readonly contract: Contract;
  readonly maxRequestBytes: number;
  /** Web origins whose pages may ask, `*` for all. Browsers keep the answers from any other page. */
  readonly corsOrigins: readonly string[];
  /** What ends each event stream under way, since they end by themselves only when their client does. */
  readonly streams: Set<() => void>;
}

type Env = { Bindings: HttpBindings; Variables: { access: Access } };

const METHODS = ["GET", "HEAD", "POST", "PUT"];

/** All routes of the Upstash REST contract. */
export function createRouter(options: RouterOptions): RequestListener {
  const { redis, contract, maxRequestBytes, corsOrigins, streams } = options;
  const app = new Hono<Env>();
  const refuse = (status: 405 | 413, message: string) => Promise.reject(new RestError(status, message));
  const tooLarge = `ERR the request is larger than ${maxRequestBytes} bytes`;
  const limited = bodyLimit({ maxSize: maxRequestBytes, onError: () => refuse(413, tooLarge) });
  if (corsOrigins.length > 0) {
    const origin = corsOrigins.includes("*") ? "*" : [...corsOrigins];
    app.use(cors({ origin, allowMethods: METHODS, exposeHeaders: ["upstash-sync-token"] }));
  }
  app.get("/health", (c) => (redis.isReady() ? c.json({ status: "ok" }) : c.json({ status: "unavailable" }, 503)));
  app.use(async (c, next) => {
    const { incoming } = c.env;
    if (!METHODS.includes(incoming.method ?? "")) await refuse(405, "ERR only GET, HEAD, POST and PUT are allowed");
    c.set("access", await contract.admit(incoming));
    const { "transfer-encoding": encoding, "content-length": length = "0" } = incoming.headers;
    if (encoding === undefined && Number(length) <= maxRequestBytes) return next();
    // The limit needs a Request of this runtime; it costs more than all the rest of a small request.
    const headers: Record<string, string> = encoding === undefined ? { "content-length": length } : {};
    const body = Readable.toWeb(incoming) as unknown as BodyInit;
    c.req.raw = new Request("http://localhost", { method: "POST", headers, body, duplex: "half" } as RequestInit);
    return limited(c, next);
  });
  app.on(["GET", "POST"], ["/subscribe/*", "/psubscribe/*", "/monitor"], async (c) =>
    stream(c, c.get("access"), parseTarget(c.env.incoming.url).segments, streams),
  );
  app.all("*", async (c) => {
    const hasBody = c.req.method === "POST" || c.req.method === "PUT";
    const sent = hasBody ? Buffer.from(await c.req.arrayBuffer()) : Buffer.alloc(0);
    const answer = await contract.answer(c.env.incoming, c.get("access"), sent);
    const isWhole = typeof answer.body === "string" || answer.body instanceof Buffer;
    const body = isWhole ? answer.body : Readable.toWeb(Readable.from(answer.body));
    return c.body(body as string, answer.status as ContentfulStatusCode, answer.headers);
  });
  const answerError = (error: unknown, c?: Context<Env>) => {
    const { body, ...init } = errorAnswer(error, c?.env.incoming);
    return new Response(body as string, init);
  };
  return getRequestListener(app.onError(answerError).fetch, {
    overrideGlobalObjects: false,
    errorHandler: (error) => answerError(error),
  });
}

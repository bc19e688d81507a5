import { Readable } from "node:stream";
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { RestError } from "../../errors.ts";
import type { Access } from "../access/access.ts";
import { openStream } from "../commands/streams.ts";
import type { RedisLink } from "../redis/link.ts";
import { type Answer, type Contract, errorAnswer } from "./contract.ts";
import { streamEvents } from "./events.ts";
import { parseTarget } from "./target.ts";

export interface AppOptions {
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

/** The routes of the Upstash REST contract. */
export function createApp({ redis, contract, maxRequestBytes, corsOrigins, streams }: AppOptions): Hono<Env> {
  const send = (c: Context<Env>, { status, headers, body }: Answer) =>
    c.body(body as string, status as ContentfulStatusCode, headers);
  const refuse = (status: 405 | 413, message: string) => {
    throw new RestError(status, message);
  };
  const limited = bodyLimit({
    maxSize: maxRequestBytes,
    onError: () => refuse(413, `ERR the request is larger than ${maxRequestBytes} bytes`),
  });
  const app = new Hono<Env>();
  if (corsOrigins.length > 0) {
    const origin = corsOrigins.includes("*") ? "*" : [...corsOrigins];
    app.use(cors({ origin, allowMethods: METHODS, exposeHeaders: ["upstash-sync-token"] }));
  }
  app.get("/health", (c) => (redis.isReady() ? c.json({ status: "ok" }) : c.json({ status: "unavailable" }, 503)));
  app.use(async (c, next) => {
    const { incoming } = c.env;
    if (!METHODS.includes(incoming.method ?? "")) refuse(405, "ERR only GET, HEAD, POST and PUT are allowed");
    c.set("access", await contract.admit(incoming));
    const { "transfer-encoding": encoding, "content-length": length = "0" } = incoming.headers;
    if (encoding === undefined && Number(length) <= maxRequestBytes) return next();
    // The limit needs a Request of this runtime; it costs more than all the rest of a small request.
    const headers: Record<string, string> = encoding === undefined ? { "content-length": length } : {};
    const body = Readable.toWeb(incoming) as unknown as BodyInit;
    c.req.raw = new Request("http://localhost", { method: "POST", headers, body, duplex: "half" } as RequestInit);
    return limited(c, next);
  });
  app.on(["GET", "POST"], ["/subscribe/*", "/psubscribe/*", "/monitor"], async (c) => {
    return streamEvents(c, await openStream(c.get("access"), parseTarget(c.env.incoming.url).segments), streams);
  });
  app.all("*", async (c) => {
    const body = Buffer.from(await c.req.arrayBuffer());
    return send(c, await contract.answer(c.env.incoming, c.get("access"), body));
  });
  app.onError((error, c) => send(c, errorAnswer(error, c.env.incoming)));
  return app;
}

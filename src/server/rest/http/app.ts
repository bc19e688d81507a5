import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { RestError } from "../../errors.ts";
import type { Access } from "../access/access.ts";
import { openStream } from "../commands/streams.ts";
import type { Limits } from "../limits.ts";
import type { RedisLink } from "../redis/redis-link.ts";
import { type Answer, type Contract, errorAnswer, tooLarge } from "./contract.ts";
import { streamEvents } from "./events.ts";
import { parseTarget } from "./target.ts";

export interface AppOptions {
  readonly redis: RedisLink;
  readonly contract: Contract;
  readonly limits: Limits;
  /** Web origins whose pages may ask, `*` for all; none: browsers keep the answers from other origins' pages. */
  readonly corsOrigins: readonly string[];
  /** What ends each event stream under way, since they end by themselves only when their client does. */
  readonly streams: Set<() => void>;
}

type Env = { Bindings: HttpBindings; Variables: { access: Access } };

const METHODS = ["GET", "HEAD", "POST", "PUT"];

/** The routes of the Upstash REST contract. */
export function createApp({ redis, contract, limits, corsOrigins, streams }: AppOptions): Hono<Env> {
  const app = new Hono<Env>();
  const send = (c: Context<Env>, { status, headers, body }: Answer) =>
    c.body(body as string, status as ContentfulStatusCode, headers);

  if (corsOrigins.length > 0) {
    const origin = corsOrigins.includes("*") ? "*" : [...corsOrigins];
    app.use(cors({ origin, allowMethods: METHODS, exposeHeaders: ["upstash-sync-token"] }));
  }
  app.get("/health", (c) => {
    const isReady = redis.isReady();
    return c.json({ status: isReady ? "ok" : "unavailable" }, isReady ? 200 : 503);
  });
  app.use(async (c, next) => {
    if (!METHODS.includes(c.env.incoming.method ?? "")) {
      throw new RestError(405, "ERR only GET, HEAD, POST and PUT are allowed");
    }
    c.set("access", await contract.admit(c.env.incoming));
    await next();
  });
  app.on(["GET", "POST"], ["/subscribe/*", "/psubscribe/*", "/monitor"], async (c) => {
    const source = await openStream(c.get("access"), parseTarget(c.env.incoming.url ?? "/").segments);
    return streamEvents(c, source, streams);
  });
  app.use(
    bodyLimit({
      maxSize: limits.maxRequestBytes,
      onError: () => {
        throw tooLarge(limits);
      },
    }),
  );
  app.all("*", async (c) => {
    const body = Buffer.from(await c.req.arrayBuffer());
    return send(c, await contract.answer(c.env.incoming, c.get("access"), body));
  });
  app.onError((error, c) => send(c, errorAnswer(error, c.env.incoming)));
  return app;
}

import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { RestError } from "../../errors.ts";
import type { AccessControl } from "../access/access.ts";
import { bearerToken } from "../access/tokens.ts";
import type { Gateway } from "../commands/gateway.ts";
import { monitoring, type StreamSource, subscription } from "../commands/streams.ts";
import type { Limits } from "../limits.ts";
import type { RedisLink } from "../redis/redis-link.ts";
import { isReplyError } from "../redis/reply.ts";
import { readBody } from "./body.ts";
import { type EventStream, openEventStream } from "./event-stream.ts";
import { type Format, formatFor, jsonFormat } from "./formats.ts";
import { parseCommand, parseCommands } from "./json-command.ts";
import { parseTarget, pathCommand } from "./path-command.ts";

export interface AppOptions {
  readonly redis: RedisLink;
  readonly gateway: Gateway;
  readonly accessControl: AccessControl;
  readonly limits: Limits;
  /** Event streams under way are kept here, since they end by themselves only when their client does. */
  readonly streams: Set<EventStream>;
}

type Env = { Bindings: HttpBindings };

const METHODS = ["GET", "HEAD", "POST", "PUT"];

/** The routes of the Upstash REST contract. */
export function createApp({ redis, gateway, accessControl, limits, streams }: AppOptions): Hono<Env> {
  const app = new Hono<Env>();

  const bodyOf = (c: Context<Env>) => readBody(c.env.incoming, limits.maxRequestBytes);
  const targetOf = (c: Context<Env>) => parseTarget(c.env.incoming.url ?? "/");
  const accessOf = (c: Context<Env>) =>
    accessControl.accessFor(bearerToken(c.env.incoming.headers.authorization) ?? targetOf(c).token);
  const answer = (c: Context<Env>, format: Format, body: string | Buffer) => {
    checkSize(body, limits.maxReplyBytes);
    const headers = { "content-type": format.contentType, "upstash-sync-token": gateway.syncToken() };
    return c.body(body as string, 200, headers);
  };
  const stream = async (c: Context<Env>, source: StreamSource) => {
    const events = openEventStream(c.env.outgoing);
    streams.add(events);
    events.onEnd(() => streams.delete(events));
    source(events);
    return RESPONSE_ALREADY_SENT;
  };

  app.get("/health", (c) => {
    const isReady = redis.isReady();
    return c.json({ status: isReady ? "ok" : "unavailable" }, isReady ? 200 : 503);
  });
  app.use(async (c, next) => {
    if (!METHODS.includes(c.env.incoming.method ?? "")) {
      throw new RestError(405, "ERR only GET, HEAD, POST and PUT are allowed");
    }
    await next();
  });
  app.on(["POST", "PUT"], "/", async (c) => {
    const [access, format] = [await accessOf(c), requestFormat(c)];
    const command = parseCommand(await bodyOf(c));
    return answer(c, format, format.result(await gateway.one(access, command)));
  });
  app.on(["POST", "PUT"], "/pipeline", async (c) => {
    const [access, format] = [await accessOf(c), requestFormat(c)];
    const commands = parseCommands(await bodyOf(c), limits.maxCommands);
    return answer(c, format, format.list(await gateway.pipeline(access, commands)));
  });
  app.on(["POST", "PUT"], "/multi-exec", async (c) => {
    const [access, format] = [await accessOf(c), requestFormat(c)];
    if (format.name === "resp2") throw new RestError(400, "ERR /multi-exec answers in JSON only");
    const commands = parseCommands(await bodyOf(c), limits.maxCommands);
    return answer(c, format, format.list(await gateway.transaction(access, commands)));
  });
  app.on(["GET", "POST"], ["/subscribe/*", "/psubscribe/*"], async (c) => {
    const [kind = "", ...names] = targetOf(c).segments;
    return stream(c, await subscription(await accessOf(c), String(kind) as "subscribe" | "psubscribe", names));
  });
  app.on(["GET", "POST"], "/monitor", async (c) => stream(c, await monitoring(await accessOf(c))));
  app.all("*", async (c) => {
    const [access, format] = [await accessOf(c), requestFormat(c)];
    const hasBody = c.env.incoming.method === "POST" || c.env.incoming.method === "PUT";
    const command = pathCommand(targetOf(c), hasBody ? await bodyOf(c) : Buffer.alloc(0));
    return answer(c, format, format.result(await gateway.one(access, command)));
  });
  app.onError((error, c) => {
    const { status, message, contentType } = errorAnswer(error, () => requestFormat(c));
    let headers: Record<string, string> = { "content-type": contentType };
    // The rest of a body that is not wanted would stand before the next request.
    if (!c.env.incoming.complete) headers = { ...headers, connection: "close" };
    return c.body(message as string, status as ContentfulStatusCode, headers);
  });
  return app;
}

/** The format that a request's headers ask for. @throws {RestError} 400 */
function requestFormat(c: Context<Env>): Format {
  const { headers } = c.env.incoming;
  return formatFor(headers["upstash-encoding"] as string, headers["upstash-response-format"] as string);
}

/** @throws {RestError} 400 if an answer is larger than allowed */
export function checkSize(body: string | Buffer, maxBytes: number): void {
  if (body.length <= maxBytes) return;
  throw new RestError(400, `ERR the reply has ${body.length} bytes, more than the ${maxBytes} allowed`);
}

/** Status and body for whatever went wrong; what nobody expected is not shown to the client. */
export function errorAnswer(
  error: unknown,
  wanted: () => Format,
): { status: number; message: string | Buffer; contentType: string } {
  let format = jsonFormat;
  try {
    format = wanted();
  } catch {
    // The error is about the format itself.
  }
  const known = isReplyError(error) || error instanceof RestError;
  const status = error instanceof RestError ? error.status : isReplyError(error) ? 400 : 500;
  const message = format.error(known ? (error as Error).message : "ERR internal error");
  return { status, message, contentType: format.contentType };
}

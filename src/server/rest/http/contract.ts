import type { IncomingMessage } from "node:http";
import { RequestError } from "@hono/node-server";
import { RestError } from "../../errors.ts";
import type { Access, AccessControl } from "../access/access.ts";
import type { Gateway } from "../commands/gateway.ts";
import type { Limits } from "../limits.ts";
import { isReplyError } from "../redis/protocol.ts";
import { parseCommand, parseCommands } from "./commands.ts";
import { bodyOf, formatFor, jsonFormat, resp2Format } from "./formats.ts";
import { parseTarget, pathCommand } from "./target.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The pieces of a long one are made as they are sent. */
  readonly body: string | Buffer | Iterable<Buffer>;
}

/** The Upstash REST contract, apart from how requests come in. */
export type Contract = ReturnType<typeof createContract>;

export function createContract(gateway: Gateway, accessControl: AccessControl, limits: Limits) {
  return {
    /** @throws {RestError} 401 if the request's token gives no access */
    admit({ url, headers }: IncomingMessage): Access | Promise<Access> {
      const bearer = /^bearer +(.*)$/i.exec(headers.authorization ?? "")?.[1]?.trim();
      return accessControl.accessFor(bearer ?? parseTarget(url).token);
    },
    /** Runs what the request asks for. @throws ReplyError or {@link RestError} */
    async answer({ url = "/", method, headers }: IncomingMessage, access: Access, sent: Buffer): Promise<Answer> {
      const format = formatFor(headers);
      const path = method === "POST" || method === "PUT" ? url.split("?", 1)[0] : undefined;
      const isAtomic = path === "/multi-exec";
      if (isAtomic && format === resp2Format) throw new RestError(400, "ERR /multi-exec answers in JSON only");
      const isList = isAtomic || path === "/pipeline";
      const one = () => (path === "/" ? parseCommand(sent) : pathCommand(parseTarget(url), sent));
      const commands = isList ? parseCommands(sent, limits.maxCommands) : [one()];
      const replies = await gateway.run(access, commands, isAtomic);
      const [reply = null] = replies;
      if (!isList && reply instanceof Error) throw reply;
      const body = bodyOf(format, replies, commands, isList);
      const size = body.size();
      const isTooLarge = size > limits.maxReplyBytes;
      if (isTooLarge)
        throw new RestError(400, `ERR the reply has ${size} bytes, more than the ${limits.maxReplyBytes} allowed`);
      const syncToken = gateway.syncToken(commands);
      const own = { "content-type": format.contentType, "upstash-sync-token": syncToken };
      return { status: 200, headers: { ...own, "content-length": String(size) }, body: body.content() };
    },
  };
}

/** The answer to a request that went wrong; what nobody expected is not shown to the client. */
export function errorAnswer(error: unknown, request?: IncomingMessage): Answer {
  let format = jsonFormat;
  try {
    format = formatFor(request?.headers ?? {});
  } catch {
    // The error is about the format itself.
  }
  const isKnown = isReplyError(error) || error instanceof RestError || error instanceof RequestError;
  const body = format.error(isKnown ? error.message : "ERR internal error");
  const headers = { "content-type": format.contentType, "content-length": String(Buffer.byteLength(body)) };
  return {
    status: error instanceof RestError ? error.status : isKnown ? 400 : 500,
    // The rest of a body that is not wanted would stand before the next request.
    headers: request?.complete ? headers : { ...headers, connection: "close" },
    body,
  };
}

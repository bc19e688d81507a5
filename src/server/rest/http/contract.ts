import type { IncomingMessage } from "node:http";
import { RequestError } from "@hono/node-server";
import { RestError } from "../../errors.ts";
import type { Access, AccessControl } from "../access/access.ts";
import { bearerToken } from "../access/tokens.ts";
import type { Gateway } from "../commands/gateway.ts";
import type { Limits } from "../limits.ts";
import { isReplyError } from "../redis/protocol.ts";
import { parseCommand, parseCommands } from "./commands.ts";
import { type Format, formatFor, jsonFormat } from "./formats.ts";
import { parseTarget, pathCommand } from "./target.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** The Upstash REST contract, apart from how requests come in. */
export interface Contract {
  /** @throws {RestError} 401 if the request's token gives no access */
  admit(request: IncomingMessage): Access | Promise<Access>;
  /** Runs what the request asks for. @throws ReplyError or {@link RestError} */
  answer(request: IncomingMessage, access: Access, body: Buffer): Promise<Answer>;
}

export interface ContractOptions {
  readonly gateway: Gateway;
  readonly accessControl: AccessControl;
  readonly limits: Limits;
}

export function createContract({ gateway, accessControl, limits }: ContractOptions): Contract {
  const answer = (
    { contentType }: Format,
    commands: readonly (readonly (string | Buffer)[])[],
    body: string | Buffer,
  ) => {
    const size = Buffer.byteLength(body);
    if (size > limits.maxReplyBytes) {
      throw new RestError(400, `ERR the reply has ${size} bytes, more than the ${limits.maxReplyBytes} allowed`);
    }
    const headers = { "content-type": contentType, "upstash-sync-token": gateway.syncToken(commands) };
    return { status: 200, headers: { ...headers, "content-length": String(size) }, body };
  };
  return {
    admit: ({ url = "/", headers }) =>
      accessControl.accessFor(bearerToken(headers.authorization) ?? parseTarget(url).token),
    async answer({ url = "/", method, headers }, access, body) {
      const format = formatFor(headers);
      const [path = ""] = method === "POST" || method === "PUT" ? url.split("?", 1) : [];
      if (path === "/pipeline" || path === "/multi-exec") {
        const isAtomic = path === "/multi-exec";
        if (isAtomic && format.name === "resp2") throw new RestError(400, "ERR /multi-exec answers in JSON only");
        const commands = parseCommands(body, limits.maxCommands);
        const replies = await (isAtomic ? gateway.transaction : gateway.pipeline)(access, commands);
        return answer(format, commands, format.list(replies, commands));
      }
      const command = path === "/" ? parseCommand(body) : pathCommand(parseTarget(url), body);
      return answer(format, [command], format.result(await gateway.one(access, command), command));
    },
  };
}

export function tooLarge({ maxRequestBytes }: Limits): RestError {
  return new RestError(413, `ERR the request is larger than ${maxRequestBytes} bytes`);
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

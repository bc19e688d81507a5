import type { IncomingMessage } from "node:http";
import { RequestError } from "@hono/node-server";
import { RestError } from "../../errors.ts";
import type { Access, AccessControl } from "../access/access.ts";
import type { Gateway } from "../commands/gateway.ts";
import type { Limits } from "../limits.ts";
import { isReplyError } from "../redis/protocol.ts";
import type { Body } from "./body.ts";
import { parseCommand, parseCommands } from "./commands.ts";
import { bodyOf, formatFor, jsonFormat, resp2Format } from "./formats.ts";
import { parseTarget, pathCommand } from "./target.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body["content"];
}

/** The Upstash REST contract, apart from streams and web pages. */
export type Contract = ReturnType<typeof createContract>;

export const METHODS = ["GET", "HEAD", "POST", "PUT"];
const NOTHING = Buffer.alloc(0);

export function createContract(gateway: Gateway, accessControl: AccessControl, limits: Limits) {
  const admit = ({ url, headers }: IncomingMessage): Access | Promise<Access> => {
    const bearer = /^bearer +(.*)$/i.exec(headers.authorization ?? "")?.[1]?.trim();
    return accessControl.accessFor(bearer ?? parseTarget(url).token);
  };
  return {
    /** @throws {RestError} 401 if the request's token gives no access */
    admit,
    /** Runs what the request asks for, and answers it, whatever comes of it. */
    async answer(request: IncomingMessage): Promise<Answer> {
      try {
        const { url = "/", method = "" } = request;
        if (!METHODS.includes(method)) throw new RestError(405, "ERR only GET, HEAD, POST and PUT are allowed");
        const admitted = admit(request);
        const access = admitted instanceof Promise ? await admitted : admitted;
        const format = formatFor(request.headers);
        const hasBody = method === "POST" || method === "PUT";
        const sent = hasBody ? await readBody(request, limits.maxRequestBytes) : NOTHING;
        const path = hasBody ? url.split("?", 1)[0] : undefined;
        const isAtomic = path === "/multi-exec";
        if (isAtomic && format === resp2Format) throw new RestError(400, "ERR /multi-exec answers in JSON only");
        const isList = isAtomic || path === "/pipeline";
        const commands = isList
          ? parseCommands(sent, limits.maxCommands)
          : [path === "/" ? parseCommand(sent) : pathCommand(parseTarget(url), sent)];
        const replies = await gateway.run(access, commands, isAtomic);
        const [reply = null] = replies;
        if (!isList && reply instanceof Error) throw reply;
        const { size, content } = bodyOf(format, replies, commands, isList);
        if (size > limits.maxReplyBytes) {
          throw new RestError(400, `ERR the reply has ${size} bytes, more than the ${limits.maxReplyBytes} allowed`);
        }
        const headers = {
          "content-type": format.contentType,
          "upstash-sync-token": gateway.syncToken(commands),
          "content-length": String(size),
        };
        return { status: 200, headers, body: content };
      } catch (error) {
        return errorAnswer(error, request);
      }
    },
  };
}

/** The answer to a request that went wrong; what nobody expected is not shown to the client. */
export function errorAnswer(error: unknown, request?: IncomingMessage) {
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

/** The whole body; never resolves if the client breaks off. @throws {RestError} 413 */
function readBody(request: IncomingMessage, most: number): Promise<Buffer> {
  const tooLarge = () => new RestError(413, `ERR the request is larger than ${most} bytes`);
  if (Number(request.headers["content-length"]) > most) throw tooLarge();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= most) chunks.push(chunk);
      else reject(tooLarge());
    });
    request.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
  });
}

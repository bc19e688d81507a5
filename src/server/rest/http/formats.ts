import { RestError } from "../../errors.ts";
import { isStatus, type Reply } from "../redis/reply.ts";

/** How answers are written: the contract's `Upstash-Encoding` and `Upstash-Response-Format`. */
export interface Format {
  readonly name: "json" | "base64" | "resp2";
  readonly contentType: string;
  /** The body for one reply. */
  result(reply: Reply): string | Buffer;
  /** The body for an error; its text is never encoded. */
  error(message: string): string | Buffer;
  /** The body for a pipeline or transaction, errors in their places. */
  list(replies: readonly Reply[]): string | Buffer;
}

export const jsonFormat = jsonLike("json", (bytes) => JSON.stringify(bytes.toString()));

/** For clients that ask so: keeps bytes that are no UTF-8. Base64 needs no escaping in JSON. */
export const base64Format = jsonLike("base64", (bytes) => `"${bytes.toString("base64")}"`);

export const resp2Format: Format = {
  name: "resp2",
  contentType: "application/octet-stream",
  result: (reply) => Buffer.concat(respParts(reply)),
  error: (message) => `-${oneLine(message)}\r\n`,
  list: (replies) => Buffer.concat(respParts(replies)),
};

/** The format that these two headers ask for. @throws {RestError} 400 for one that is unknown, or both at once */
export function formatFor(encoding: string | undefined, responseFormat: string | undefined): Format {
  if (responseFormat === undefined || responseFormat === "json")
    return encoding === "base64" ? base64Format : jsonFormat;
  if (responseFormat !== "resp2") throw new RestError(400, "ERR Upstash-Response-Format is json or resp2");
  if (encoding === "base64")
    throw new RestError(400, "ERR Upstash-Encoding can't be used with Upstash-Response-Format: resp2");
  return resp2Format;
}

function jsonLike(name: "json" | "base64", text: (bytes: Buffer) => string): Format {
  const value = (reply: Reply): string => {
    if (reply instanceof Buffer) return text(reply);
    // Integers stay digits all the way, so that 64 bits survive.
    if (typeof reply === "string") return reply;
    if (reply === null) return "null";
    if (reply instanceof Error) return text(Buffer.from(reply.message));
    return `[${(reply as readonly Reply[]).map(value).join(",")}]`;
  };
  // A bare OK stays readable: clients look for it before they decode.
  const isOk = (reply: Reply) =>
    reply instanceof Buffer && reply.length === 2 && reply[0] === 0x4f && reply[1] === 0x4b;
  const result = (reply: Reply) => (isOk(reply) ? '{"result":"OK"}' : `{"result":${value(reply)}}`);
  const error = (message: string) => `{"error":${JSON.stringify(message)}}`;
  const item = (reply: Reply) => (reply instanceof Error ? error(reply.message) : result(reply));
  return {
    name,
    contentType: "application/json",
    result,
    error,
    list: (replies) => `[${replies.map(item).join(",")}]`,
  };
}

function respParts(reply: Reply): Buffer[] {
  if (reply instanceof Buffer) {
    if (isStatus(reply)) return [Buffer.from(`+${reply}\r\n`)];
    return [Buffer.from(`$${reply.length}\r\n`), reply, Buffer.from("\r\n")];
  }
  if (typeof reply === "string") return [Buffer.from(`:${reply}\r\n`)];
  if (reply === null) return [Buffer.from("$-1\r\n")];
  if (reply instanceof Error) return [Buffer.from(`-${oneLine(reply.message)}\r\n`)];
  const items = reply as readonly Reply[];
  return [Buffer.from(`*${items.length}\r\n`), ...items.flatMap(respParts)];
}

function oneLine(message: string): string {
  return message.replace(/[\r\n]+/g, " ");
}

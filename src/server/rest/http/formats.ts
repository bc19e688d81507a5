import type { IncomingHttpHeaders } from "node:http";
import { RestError } from "../../errors.ts";
import { type Command, keyword, type Reply } from "../redis/protocol.ts";

/** How answers are written: the contract's `Upstash-Encoding` and `Upstash-Response-Format`. */
export interface Format {
  readonly contentType: string;
  /** The body for one reply. */
  result(reply: Reply, command: Command): string | Buffer;
  /** The body for an error; its text is never encoded. */
  error(message: string): string;
  /** The body for a pipeline or transaction, errors in their places. */
  list(replies: readonly Reply[], commands: readonly Command[]): string | Buffer;
}

/** The format that a request's headers ask for. @throws {RestError} 400 for one that is unknown, or both at once */
export function formatFor(headers: IncomingHttpHeaders): Format {
  const { "upstash-encoding": encoding, "upstash-response-format": format } = headers;
  if (format === undefined || format === "json") return encoding === "base64" ? base64Format : jsonFormat;
  if (format !== "resp2") throw new RestError(400, "ERR Upstash-Response-Format is json or resp2");
  if (encoding !== "base64") return resp2Format;
  throw new RestError(400, "ERR Upstash-Encoding can't be used with Upstash-Response-Format: resp2");
}

export const jsonFormat = jsonLike((bytes) => JSON.stringify(bytes.toString()));

/** For clients that ask so: keeps bytes that are no UTF-8. Base64 needs no escaping in JSON. */
const base64Format = jsonLike((bytes) => `"${bytes.toString("base64")}"`);

/** Redis's own: for all commands with one reply each, so not for transactions. */
export const resp2Format: Format = {
  contentType: "application/octet-stream",
  result: (reply, command) => Buffer.concat(respParts(reply, nullOf(command))),
  error: (message) => `-${oneLine(message)}\r\n`,
  list(replies, commands) {
    const parts = replies.flatMap((reply, index) => respParts(reply, nullOf(commands[index] as Command)));
    return Buffer.concat([Buffer.from(`*${replies.length}\r\n`), ...parts]);
  },
};

function jsonLike(text: (bytes: Buffer) => string): Format {
  const value = (reply: Reply): string => {
    if (reply instanceof Buffer) return text(reply);
    if (typeof reply === "string") return DIGITS.test(reply) ? reply : text(Buffer.from(reply));
    if (reply === null) return "null";
    if (reply instanceof Error) return text(Buffer.from(reply.message));
    return `[${(reply as readonly Reply[]).map(value).join(",")}]`;
  };
  // A bare OK stays readable: clients look for it before they decode.
  const result = (reply: Reply) => (reply === "OK" ? '{"result":"OK"}' : `{"result":${value(reply)}}`);
  const error = (message: string) => `{"error":${JSON.stringify(message)}}`;
  const item = (reply: Reply) => (reply instanceof Error ? error(reply.message) : result(reply));
  return { contentType: "application/json", result, error, list: (replies) => `[${replies.map(item).join(",")}]` };
}

const DIGITS = /^(0|-?[1-9]\d*)$/;

/** Redis has two nulls in RESP2, which its client sees as one. These commands answer with that of lists, at any depth. */
const NULL_LISTS = /^(GEOPOS|LMPOP|XREAD|XREADGROUP|ZMPOP|[LR]POP .*|Z(REV)?RANK .* WITHSCORE)$/s;

function nullOf(command: Command): string {
  // LPOP with a count, not just with a key.
  const words = command.length > 2 ? command.map(keyword).join(" ") : "";
  return NULL_LISTS.test(keyword(command[0])) || NULL_LISTS.test(words) ? "*-1\r\n" : "$-1\r\n";
}

function respParts(reply: Reply, none: string): Buffer[] {
  if (reply instanceof Buffer) return [Buffer.from(`$${reply.length}\r\n`), reply, Buffer.from("\r\n")];
  if (typeof reply === "string") return [Buffer.from(`${DIGITS.test(reply) ? ":" : "+"}${reply}\r\n`)];
  if (reply === null) return [Buffer.from(none)];
  if (reply instanceof Error) return [Buffer.from(`-${oneLine(reply.message)}\r\n`)];
  const items = reply as readonly Reply[];
  return [Buffer.from(`*${items.length}\r\n`), ...items.flatMap((item) => respParts(item, none))];
}

const oneLine = (message: string): string => message.replace(/[\r\n]+/g, " ");

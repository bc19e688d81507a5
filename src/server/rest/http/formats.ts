import { isUtf8 } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import { RestError } from "../../errors.ts";
import { type Command, keyword, type Reply } from "../redis/protocol.ts";
import { type Body, createBody, type Encoding } from "./body.ts";

/** How answers are written: the contract's `Upstash-Encoding` and `Upstash-Response-Format`. */
export interface Format {
  readonly contentType: string;
  readonly encoding: Encoding;
  /** What stands before, between and after the replies of a pipeline or transaction. */
  readonly list: (count: number) => readonly [string, string, string];
  /** Writes one reply; in a pipeline or transaction it may be an error. */
  add(body: Body, reply: Reply, command: Command): void;
  /** The body for an error; its text is never encoded. */
  error(message: string): string;
}

/** The body for a request's replies. */
export function bodyOf(format: Format, replies: readonly Reply[], commands: readonly Command[], isList: boolean): Body {
  const body = createBody(format.encoding);
  const [before, between, after] = isList ? format.list(replies.length) : ["", "", ""];
  body.add(before);
  for (const [index, reply] of replies.entries()) {
    if (index > 0) body.add(between);
    format.add(body, reply, commands[index] as Command);
  }
  body.add(after);
  return body;
}

/** The format that a request's headers ask for. @throws {RestError} 400 for one that is unknown, or both at once */
export function formatFor(headers: IncomingHttpHeaders): Format {
  const { "upstash-encoding": encoding, "upstash-response-format": format } = headers;
  if (format === undefined || format === "json") return encoding === "base64" ? base64Format : jsonFormat;
  if (format !== "resp2") throw new RestError(400, "ERR Upstash-Response-Format is json or resp2");
  if (encoding !== "base64") return resp2Format;
  throw new RestError(400, "ERR Upstash-Encoding can't be used with Upstash-Response-Format: resp2");
}

const escapeJson = (text: string): string => JSON.stringify(text).slice(1, -1);
/** By how many bytes JSON's escape is longer than each ASCII character. */
const ESCAPES = Uint8Array.from({ length: 128 }, (_, code) => escapeJson(String.fromCharCode(code)).length - 1);

export const jsonFormat = jsonLike({
  charset: "utf8",
  escaped: escapeJson,
  sizeOf(bytes) {
    if (!isUtf8(bytes)) return undefined;
    let size = bytes.length;
    for (let at = 0; at < bytes.length; at += 1) size += ESCAPES[bytes[at] as number] ?? 0;
    return size;
  },
});

/** For clients that ask so: keeps bytes that are no UTF-8. Base64 needs no escaping in JSON. */
const base64Format = jsonLike({ charset: "base64", sizeOf: ({ length }) => Math.ceil(length / 3) * 4 });

/** Redis's own: for all commands with one reply each, so not for transactions. */
export const resp2Format: Format = {
  contentType: "application/octet-stream",
  encoding: { charset: "latin1", sizeOf: ({ length }) => length },
  list: (count) => [`*${count}\r\n`, "", ""],
  add: (body, reply, command) => addResp(body, reply, nullOf(command)),
  error: (message) => `-${message.replace(/[\r\n]+/g, " ")}\r\n`,
};

function jsonLike(encoding: Encoding): Format {
  const error = (message: string) => `{"error":${JSON.stringify(message)}}`;
  return {
    contentType: "application/json",
    encoding,
    list: () => ["[", ",", "]"],
    add(body, reply) {
      // A bare OK stays readable: clients look for it before they decode.
      if (reply === "OK") return body.add('{"result":"OK"}');
      if (reply instanceof Error) return body.add(error(reply.message));
      body.add('{"result":');
      addJson(body, reply);
      body.add("}");
    },
    error,
  };
}

function addJson(body: Body, reply: Reply): void {
  if (Array.isArray(reply)) {
    body.add("[");
    for (const [index, item] of reply.entries()) {
      if (index > 0) body.add(",");
      addJson(body, item);
    }
    body.add("]");
  } else if (reply === null || (typeof reply === "string" && DIGITS.test(reply))) {
    body.add(String(reply));
  } else {
    body.add('"');
    const text = reply instanceof Error ? reply.message : (reply as string);
    body.addBytes(reply instanceof Buffer ? reply : Buffer.from(text));
    body.add('"');
  }
}

const DIGITS = /^(0|-?[1-9]\d*)$/;

/** Redis has two nulls in RESP2, which its client sees as one. These commands answer with that of lists, at any depth. */
const NULL_LISTS = /^(GEOPOS|LMPOP|XREAD|XREADGROUP|ZMPOP|[LR]POP .*|Z(REV)?RANK .* WITHSCORE)$/s;

function nullOf(command: Command): string {
  // LPOP with a count, not just with a key.
  const words = command.length > 2 ? command.map(keyword).join(" ") : "";
  return NULL_LISTS.test(keyword(command[0])) || NULL_LISTS.test(words) ? "*-1\r\n" : "$-1\r\n";
}

function addResp(body: Body, reply: Reply, none: string): void {
  if (reply === null) body.add(none);
  else if (typeof reply === "string") body.add(`${DIGITS.test(reply) ? ":" : "+"}${reply}\r\n`);
  else if (reply instanceof Error) body.add(Buffer.from(resp2Format.error(reply.message)).toString("latin1"));
  else if (reply instanceof Buffer) {
    body.add(`$${reply.length}\r\n`);
    body.addBytes(reply);
    body.add("\r\n");
  } else {
    body.add(`*${(reply as readonly Reply[]).length}\r\n`);
    for (const item of reply as readonly Reply[]) addResp(body, item, none);
  }
}

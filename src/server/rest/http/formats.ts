import type { IncomingHttpHeaders } from "node:http";
import { RestError } from "../../errors.ts";
import { type Command, keyword, type Reply } from "../redis/protocol.ts";
import { type Body, createBody, type Part } from "./body.ts";
import { BASE64, BYTES, type Encoding, JSON_TEXT } from "./encodings.ts";

/** How answers are written: the contract's `Upstash-Encoding` and `Upstash-Response-Format`. */
export interface Format {
  readonly contentType: string;
  readonly encoding: Encoding;
  /** What stands before, between and after the replies of a pipeline or transaction. */
  readonly list: (count: number) => readonly [string, string, string];
  /** Writes one reply; in a pipeline or transaction it may be an error. */
  add(parts: Part[], reply: Reply, command: Command): void;
  /** The body for an error; its text is never encoded. */
  error(message: string): string;
}

/** The body for a request's replies. */
export function bodyOf(format: Format, replies: readonly Reply[], commands: readonly Command[], isList: boolean): Body {
  const [before, between, after] = isList ? format.list(replies.length) : ["", "", ""];
  const parts: Part[] = [before];
  for (const [index, reply] of replies.entries()) {
    if (index > 0) parts.push(between);
    format.add(parts, reply, commands[index] as Command);
  }
  parts.push(after);
  return createBody(parts, format.encoding);
}

/** The format that a request's headers ask for. @throws {RestError} 400 for one that is unknown, or both at once */
export function formatFor(headers: IncomingHttpHeaders): Format {
  const { "upstash-encoding": encoding, "upstash-response-format": format } = headers;
  if (format === undefined || format === "json") return encoding === "base64" ? base64Format : jsonFormat;
  if (format !== "resp2") throw new RestError(400, "ERR Upstash-Response-Format is json or resp2");
  if (encoding !== "base64") return resp2Format;
  throw new RestError(400, "ERR Upstash-Encoding can't be used with Upstash-Response-Format: resp2");
}

export const jsonFormat = jsonLike(JSON_TEXT);
/** For clients that ask so. */
const base64Format = jsonLike(BASE64);

/** Redis's own: for all commands with one reply each, so not for transactions. */
export const resp2Format: Format = {
  contentType: "application/octet-stream",
  encoding: BYTES,
  list: (count) => [`*${count}\r\n`, "", ""],
  add: (parts, reply, command) => addResp(parts, reply, nullOf(command)),
  error: (message) => `-${message.replace(/[\r\n]+/g, " ")}\r\n`,
};

function jsonLike(encoding: Encoding): Format {
  const error = (message: string) => `{"error":${JSON.stringify(message)}}`;
  return {
    contentType: "application/json",
    encoding,
    list: () => ["[", ",", "]"],
    add(parts, reply) {
      // A bare OK stays readable: clients look for it before they decode.
      if (reply === "OK") return void parts.push('{"result":"OK"}');
      if (reply instanceof Error) return void parts.push(error(reply.message));
      parts.push('{"result":');
      addJson(parts, reply);
      parts.push("}");
    },
    error,
  };
}

function addJson(parts: Part[], reply: Reply): void {
  if (Array.isArray(reply)) {
    parts.push("[");
    for (const [index, item] of reply.entries()) {
      if (index > 0) parts.push(",");
      addJson(parts, item);
    }
    parts.push("]");
  } else if (reply === null || (typeof reply === "string" && DIGITS.test(reply))) {
    parts.push(String(reply));
  } else {
    const text = reply instanceof Error ? reply.message : (reply as string);
    parts.push('"', reply instanceof Buffer ? reply : Buffer.from(text), '"');
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

function addResp(parts: Part[], reply: Reply, none: string): void {
  if (reply === null) parts.push(none);
  else if (typeof reply === "string") parts.push(`${DIGITS.test(reply) ? ":" : "+"}${reply}\r\n`);
  else if (reply instanceof Error) parts.push(Buffer.from(resp2Format.error(reply.message)).toString("latin1"));
  else if (reply instanceof Buffer) {
    parts.push(`$${reply.length}\r\n`, reply, "\r\n");
  } else {
    parts.push(`*${(reply as readonly Reply[]).length}\r\n`);
    for (const item of reply as readonly Reply[]) addResp(parts, item, none);
  }
}

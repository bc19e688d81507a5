import { ReplyError } from "ioredis";

/** What Redis answered: bytes, an integer's digits, null, an array of these, or, inside arrays, an error. */
export type Reply = Buffer | string | null | Error | readonly Reply[];

/** How strings travel: `text` as JSON strings, `base64` for clients that ask so, which keeps bytes that are no UTF-8. */
export type Encoding = "text" | "base64";

/** An error as Redis words it: a prefix such as `ERR` or `NOSCRIPT`, then a sentence. */
export interface ReplyErrorLike extends Error {
  readonly name: "ReplyError";
}

const OK = Buffer.from("OK");

/** The body `{"result": …}` of one reply. */
export function resultBody(reply: Reply, encoding: Encoding): string {
  // A bare OK stays readable: clients look for it before they decode.
  if (reply instanceof Buffer && reply.equals(OK)) return '{"result":"OK"}';
  return `{"result":${encodeReply(reply, encoding)}}`;
}

/** The body `{"error": …}`, never encoded. */
export function errorBody(message: string): string {
  return `{"error":${JSON.stringify(message)}}`;
}

/** True for an error that Redis itself answered, as opposed to a connection that broke. */
export function isReplyError(error: unknown): error is ReplyErrorLike {
  return error instanceof ReplyError;
}

function encodeReply(reply: Reply, encoding: Encoding): string {
  if (reply instanceof Buffer) {
    return encoding === "base64" ? `"${reply.toString("base64")}"` : JSON.stringify(reply.toString());
  }
  // Integers stay digits all the way, so that 64 bits survive.
  if (typeof reply === "string") return reply;
  if (reply === null) return "null";
  if (reply instanceof Error) return JSON.stringify(reply.message);
  return `[${(reply as readonly Reply[]).map((item) => encodeReply(item, encoding)).join(",")}]`;
}

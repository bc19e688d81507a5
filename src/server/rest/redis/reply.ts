import { ReplyError } from "ioredis";

/** What Redis answered: bytes, an integer's digits, null, an array of these, or, inside arrays, an error. */
export type Reply = Buffer | string | null | Error | readonly Reply[];

/** An error as Redis words it: a prefix such as `ERR` or `NOSCRIPT`, then a sentence. */
export interface ReplyErrorLike extends Error {
  readonly name: "ReplyError";
}

/** True for an error that Redis itself answered, as opposed to a connection that broke. */
export function isReplyError(error: unknown): error is ReplyErrorLike {
  return error instanceof ReplyError;
}

const PLUS = "+".charCodeAt(0);

/**
 * True if these bytes came as a status (`+OK`), false if as a bulk string. The parser hands out views into what the
 * socket delivered, so the byte before a status is still its plus sign.
 */
export function isStatus(reply: Buffer): boolean {
  if (reply.byteOffset === 0) return false;
  return new Uint8Array(reply.buffer, reply.byteOffset - 1, 1)[0] === PLUS;
}

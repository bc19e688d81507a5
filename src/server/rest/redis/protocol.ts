import { ErrorReply, RESP_TYPES } from "@redis/client";

/** A command's word: what came as text, or bytes that are no text. */
export type Word = string | Buffer;

/**
 * What Redis answered: a bulk string's bytes; a status, or an integer's digits, as text; null; an array of these, in
 * which errors may stand.
 */
export type Reply = Buffer | string | null | Error | readonly Reply[];

/** How replies are decoded to a {@link Reply}. Integers stay digits all the way, so that 64 bits survive. */
export const DECODED = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String } };

/** True for an error that Redis itself answered, as opposed to a connection that broke. */
export function isReplyError(error: unknown): error is Error {
  return error instanceof ErrorReply;
}

/** A word as Redis compares names and options: in upper case, and no further than a zero byte. */
export function keyword(word: Word | undefined): string {
  return (String(word ?? "").split("\0", 1)[0] as string).toUpperCase();
}

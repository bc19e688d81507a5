import { ErrorReply, RESP_TYPES } from "@redis/client";

/** What came as text, or bytes that are no text. */
export type Word = string | Buffer;
export type Command = readonly Word[];
/** A bulk string's bytes; a status, or an integer's digits, as text; null; a list of these, errors among them. */
export type Reply = Buffer | string | null | Error | readonly Reply[];

/** How replies are decoded to a {@link Reply}. Integers stay digits all the way, so that 64 bits survive. */
export const DECODED = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String } };

/** True for an error that Redis itself answered, as opposed to a connection that broke. */
export const isReplyError = (error: unknown): error is Error => error instanceof ErrorReply;

/** No name or option of Redis is that long; most values are. */
const LONGEST_KEYWORD = 64;
/** A word as Redis compares names and options: in upper case, and no further than a zero byte. */
export function keyword(word: Word = ""): string {
  const text = String(word.slice(0, LONGEST_KEYWORD)).toUpperCase();
  const end = text.indexOf("\0");
  return end === -1 ? text : text.slice(0, end);
}

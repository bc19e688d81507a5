/** A command's word: what came as text, or bytes that are no text. */
export type Word = string | Buffer;

import { type Encoding, PIECE } from "./encodings.ts";

/** Text as it is sent, or bytes of Redis that are still to be encoded. */
export type Part = string | Buffer;

export interface Body {
  /** In bytes, as it is sent. */
  readonly size: number;
  /** All of it if it is short, else its pieces, once; each is good until the next is asked for. */
  readonly content: string | Buffer | AsyncIterable<Buffer>;
}

/**
 * What an answer says. It takes the parts over, and lets go of each when it is sent. Of a long answer no encoded copy is
 * made that a slow client would keep here.
 */
export function createBody(parts: Part[], { charset, textOf, isSame, sizeOf, piecesOf }: Encoding): Body {
  const encoded = (part: Part) => (typeof part === "string" ? part : textOf(part));
  if (parts.reduce((sum, { length }) => sum + length, 0) <= PIECE) {
    const text = parts.map(encoded).join("");
    return { size: Buffer.byteLength(text, charset), content: charset === "utf8" ? text : Buffer.from(text, charset) };
  }

  let size = 0;
  /** Long values that are sent as they are. */
  const same = new Set<Part>();
  for (const part of parts) {
    if (typeof part === "string") size += Buffer.byteLength(part, charset);
    else if (part.length <= PIECE || !isSame(part)) size += sizeOf(part);
    else {
      same.add(part);
      size += part.length;
    }
  }
  async function* pieces(): AsyncGenerator<Buffer> {
    let text = "";
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      // A stream of the web would wait for ever behind an empty piece.
      if (text !== "" && text.length + part.length > PIECE) {
        yield Buffer.from(text, charset);
        text = "";
      }
      if (same.delete(part)) yield part as Buffer;
      else if (typeof part === "string" || part.length <= PIECE) text += encoded(part);
      else yield* piecesOf(part);
    }
    if (text !== "") yield Buffer.from(text, charset);
  }
  parts.reverse();
  return { size, content: pieces() };
}

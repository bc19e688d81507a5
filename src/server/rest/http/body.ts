import { type Encoding, PIECE } from "./encodings.ts";

/** Text as it is sent, or bytes of Redis that are still to be encoded. */
export type Part = string | Buffer;

export interface Body {
  /** In bytes, as it is sent. */
  readonly size: number;
  /** All of it if it is short, else its pieces, once; each is good until the next is asked for. */
  readonly content: string | Buffer | AsyncIterable<Buffer>;
}

/** What an answer says. It takes the parts over, and lets go of each when it is sent. */
export function createBody(parts: Part[], encoding: Encoding): Body {
  let length = 0;
  for (const part of parts) length += part.length;
  return length <= PIECE ? shortBody(parts, encoding) : longBody(parts, encoding);
}

function shortBody(parts: readonly Part[], { charset, textOf }: Encoding): Body {
  let text = "";
  for (const part of parts) text += typeof part === "string" ? part : textOf(part);
  return { size: Buffer.byteLength(text, charset), content: charset === "utf8" ? text : Buffer.from(text, charset) };
}

/** No encoded copy is made that a slow client would keep here. */
function longBody(parts: Part[], { charset, textOf, isSame, sizeOf, piecesOf }: Encoding): Body {
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
      else if (typeof part === "string") text += part;
      else if (part.length <= PIECE) text += textOf(part);
      else yield* piecesOf(part);
    }
    if (text !== "") yield Buffer.from(text, charset);
  }
  parts.reverse();
  return { size, content: pieces() };
}

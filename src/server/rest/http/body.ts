import { type Encoding, PIECE } from "./encodings.ts";

/** Text as it is sent, or bytes of Redis that are still to be encoded. */
export type Part = string | Buffer;

/** In bytes. Encoded, too, such a value takes less than a buffer of its own. */
const SHORT = 32;

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

/**
 * Of long values no encoded copy is made that a slow client would keep here. Short ones are encoded and joined at once:
 * what keeps track of each takes more than the copy.
 */
function longBody(given: readonly Part[], { charset, textOf, isSame, sizeOf, piecesOf }: Encoding): Body {
  const parts: Part[] = [];
  /** Those that are sent as they are. */
  const same = new Set<Part>();
  let size = 0;
  let text = "";
  const join = () => {
    const part = text.length < PIECE ? text : Buffer.from(text, charset);
    if (part !== text) same.add(part);
    size += Buffer.byteLength(part, charset);
    parts.push(part);
    text = "";
  };
  for (const part of given) {
    if (typeof part === "string") text += part;
    else if (part.length <= SHORT) text += textOf(part);
    else {
      join();
      parts.push(part);
      const isSent = part.length > PIECE && isSame(part);
      if (isSent) same.add(part);
      size += isSent ? part.length : sizeOf(part);
    }
    if (text.length >= PIECE) join();
  }
  join();
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

import { StringDecoder } from "node:string_decoder";

/** A longer value is encoded piece by piece, while it is sent. */
const PIECE = 16 * 1024;

/** How bytes of Redis become text, and how that is sent. */
export interface Encoding {
  /** With `latin1` all of the body is sent as such, else as UTF-8. */
  readonly charset: "utf8" | "base64" | "latin1";
  readonly escaped?: (text: string) => string;
  /** How many bytes a value has as it is sent; as many as it has if nothing changes; undefined if that has to be tried. */
  readonly sizeOf: (bytes: Buffer) => number | undefined;
}

export type Body = ReturnType<typeof createBody>;

/** What an answer says: texts, and long values, of which no encoded copy is made that a slow client would keep here. */
export function createBody({ charset, escaped = (text) => text, sizeOf }: Encoding) {
  const sent = charset === "latin1" ? charset : "utf8";
  const parts: (Buffer | readonly string[] | Generator<string>)[] = [];
  let sizeOfParts = 0;
  let text = "";

  /** Of UTF-8 no text ends inside of a character. */
  function* texts(bytes: Buffer): Generator<string> {
    const decoder = new StringDecoder(charset);
    for (let at = 0; at < bytes.length; at += PIECE) yield escaped(decoder.write(bytes.subarray(at, at + PIECE)));
    yield escaped(decoder.end());
  }
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      if (Buffer.isBuffer(part)) yield part;
      // A stream of the web would wait for ever behind an empty piece.
      else for (const each of part) if (each !== "") yield Buffer.from(each, sent);
    }
    yield Buffer.from(text, sent);
  }
  return {
    add(more: string) {
      text += more;
    },
    addBytes(bytes: Buffer) {
      if (bytes.length <= PIECE) {
        text += escaped(bytes.toString(charset));
        return;
      }
      const size = sizeOf(bytes);
      parts.push([text], size === bytes.length ? bytes : texts(bytes));
      sizeOfParts += Buffer.byteLength(text, sent);
      if (size === undefined) for (const each of texts(bytes)) sizeOfParts += Buffer.byteLength(each, sent);
      else sizeOfParts += size;
      text = "";
    },
    /** In bytes, as it is sent. */
    size: () => sizeOfParts + Buffer.byteLength(text, sent),
    /** All of it if it is short, else its pieces, once. */
    content(): string | Buffer | AsyncIterable<Buffer> {
      if (parts.length > 0) return pieces();
      return sent === "latin1" ? Buffer.from(text, sent) : text;
    },
  };
}

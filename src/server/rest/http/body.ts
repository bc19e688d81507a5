/** A longer value is encoded piece by piece, while it is sent. A multiple of 3, for base64. */
const PIECE = 48 * 1024;

/** How bytes of Redis become text, and how that is sent. Of UTF-8 no piece ends inside of a character. */
export interface Encoding {
  readonly encode: (bytes: Buffer) => string;
  readonly isUtf8?: boolean;
  readonly sent?: "latin1";
}

export type Body = ReturnType<typeof createBody>;

/** What an answer says: texts, and long values, of which no encoded copy is made that a slow client would keep here. */
export function createBody({ encode, isUtf8 = false, sent }: Encoding) {
  const parts: (string | Buffer)[] = [];
  let text = "";
  const texts = function* () {
    for (const part of parts) {
      if (typeof part === "string") yield part;
      else for (const piece of piecesOf(part, isUtf8)) yield encode(piece);
    }
    yield text;
  };
  return {
    add(more: string) {
      text += more;
    },
    addBytes(bytes: Buffer) {
      if (bytes.length <= PIECE) {
        text += encode(bytes);
        return;
      }
      parts.push(text, bytes);
      text = "";
    },
    /** In bytes, as it is sent. */
    size(): number {
      if (parts.length === 0) return Buffer.byteLength(text, sent);
      let size = 0;
      for (const each of texts()) size += Buffer.byteLength(each, sent);
      return size;
    },
    /** All of it if it is short, else its pieces. */
    content(): Buffer | Iterable<Buffer> {
      if (parts.length === 0) return Buffer.from(text, sent);
      return (function* () {
        for (const each of texts()) yield Buffer.from(each, sent);
      })();
    },
  };
}

function* piecesOf(bytes: Buffer, isUtf8: boolean): Generator<Buffer> {
  for (let [start, end] = [0, 0]; start < bytes.length; start = end) {
    end = Math.min(start + PIECE, bytes.length);
    if (isUtf8) end = startOfCharacter(bytes, end);
    yield bytes.subarray(start, end);
  }
}

/** No character of UTF-8 has more than 4 bytes; what looks longer is none, and may be cut. */
function startOfCharacter(bytes: Buffer, at: number): number {
  const isWithin = (back: number) => ((bytes[at - back] ?? 0) & 0xc0) === 0x80;
  const back = [0, 1, 2, 3].find((each) => !isWithin(each)) ?? 0;
  return at - back;
}

import { isUtf8 } from "node:buffer";
import { StringDecoder } from "node:string_decoder";

/** How bytes of Redis become text, and how that is sent. */
export interface Encoding {
  /** With `latin1` all of an answer is sent as such. */
  readonly charset: "utf8" | "latin1";
  textOf(bytes: Buffer): string;
  /** True if the bytes are sent as they are. */
  isSame(bytes: Buffer): boolean;
  /** How many bytes are sent. */
  sizeOf(bytes: Buffer): number;
  /** What is sent, in pieces; each is good until the next is asked for. No text: its garbage would make the heap grow. */
  piecesOf(bytes: Buffer): Iterable<Buffer>;
}

/** The longest text or piece that is made of an answer at once, in bytes. */
export const PIECE = 16 * 1024;
const escapeJson = (text: string): string => JSON.stringify(text).slice(1, -1);
/** What stands in JSON for a byte of valid UTF-8; undefined for the byte itself. */
const ESCAPES = Array.from({ length: 256 }, (_, byte) => {
  const text = byte < 128 ? escapeJson(String.fromCharCode(byte)) : "";
  return text.length > 1 ? Buffer.from(text) : undefined;
});
const LONGEST_ESCAPE = 6;
/** U+FFFD in UTF-8, for one byte; a character that began in the bytes before needs no more. */
const LONGEST_CHARACTER = 4;

export const JSON_TEXT: Encoding = {
  charset: "utf8",
  textOf: (bytes) => escapeJson(bytes.toString()),
  isSame: (bytes) => isUtf8(bytes) && escapedSize(bytes) === bytes.length,
  sizeOf(bytes) {
    let size = 0;
    for (const valid of validUtf8(bytes)) size += escapedSize(valid);
    return size;
  },
  *piecesOf(bytes) {
    const piece = Buffer.allocUnsafe(PIECE);
    let size = 0;
    for (const valid of validUtf8(bytes)) {
      for (let at = 0; at < valid.length; ) {
        [at, size] = escapeInto(piece, size, valid, at);
        if (at < valid.length) {
          yield piece.subarray(0, size);
          size = 0;
        }
      }
    }
    yield piece.subarray(0, size);
  },
};

/** Keeps bytes that are no UTF-8, and needs no escapes in JSON. */
export const BASE64: Encoding = {
  charset: "utf8",
  textOf: (bytes) => bytes.toString("base64"),
  isSame: () => false,
  sizeOf: ({ length }) => Math.ceil(length / 3) * 4,
  *piecesOf(bytes) {
    const piece = Buffer.allocUnsafe(PIECE);
    const whole = (PIECE / 4) * 3;
    for (let at = 0; at < bytes.length; at += whole) {
      yield piece.subarray(0, piece.write(bytes.toString("base64", at, at + whole), "latin1"));
    }
  },
};

export const BYTES: Encoding = {
  charset: "latin1",
  textOf: (bytes) => bytes.toString("latin1"),
  isSame: () => true,
  sizeOf: ({ length }) => length,
  piecesOf: (bytes) => [bytes],
};

function escapedSize(bytes: Buffer): number {
  let size = bytes.length;
  for (let at = 0; at < bytes.length; at += 1) size += (ESCAPES[bytes[at] as number]?.length ?? 1) - 1;
  return size;
}

/** Writes from `at` on as much as there is room for; gives where it stopped in both. */
function escapeInto(piece: Buffer, start: number, bytes: Buffer, from: number): [at: number, size: number] {
  let [at, size] = [from, start];
  for (; at < bytes.length && size + LONGEST_ESCAPE <= piece.length; at += 1) {
    const byte = bytes[at] as number;
    const escaped = ESCAPES[byte];
    if (escaped === undefined) piece[size++] = byte;
    else for (let i = 0; i < escaped.length; i += 1) piece[size++] = escaped[i] as number;
  }
  return [at, size];
}

/** The bytes, with U+FFFD for what is no UTF-8. */
function* validUtf8(bytes: Buffer): Generator<Buffer> {
  if (isUtf8(bytes)) return yield bytes;
  const decoder = new StringDecoder();
  const valid = Buffer.allocUnsafe(PIECE);
  const most = Math.floor(PIECE / LONGEST_CHARACTER);
  for (let at = 0; at < bytes.length; at += most) {
    yield valid.subarray(0, valid.write(decoder.write(bytes.subarray(at, at + most))));
  }
  yield Buffer.from(decoder.end());
}

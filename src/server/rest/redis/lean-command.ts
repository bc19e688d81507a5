import type { Reply } from "./reply.ts";
import type { Word } from "./word.ts";

/**
 * What ioredis needs of a command to send it and to hand back its reply, and no more: its own class makes two promises
 * and reads the arguments three times, which is a good part of the time that a small command takes here.
 */
export class LeanCommand {
  /** Not the command's: ioredis does more than sending for some names, and looks this one up four times. */
  readonly name = "command";
  /** Never read; ioredis copies it into errors. */
  readonly args: readonly Word[] = [];
  /** ioredis has no reason to trace it. */
  readonly isTraced = true;
  readonly #words: readonly Word[];
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;

  constructor(words: readonly Word[], resolve: (reply: Reply) => void, reject: (error: Error) => void) {
    this.#words = words;
    this.resolve = resolve;
    this.reject = reject;
  }

  /** The bytes for the socket. */
  toWritable(): string | Buffer {
    return encode(this.#words);
  }
}

/** The command in the Redis protocol: text unless a word holds bytes. */
function encode(words: readonly Word[]): string | Buffer {
  let text = `*${words.length}\r\n`;
  for (const word of words) {
    if (typeof word !== "string") return encodeBytes(words);
    text += `$${Buffer.byteLength(word)}\r\n${word}\r\n`;
  }
  return text;
}

function encodeBytes(words: readonly Word[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = typeof word === "string" ? Buffer.from(word) : word;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}

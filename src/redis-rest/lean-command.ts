import type { Word } from "./redis-link.ts";
import type { Reply } from "./reply.ts";

/**
 * What ioredis needs of a command to send it and to hand back its reply, and no more: its own class makes two promises
 * and reads the arguments three times, which is most of the time that a small command costs here.
 */
export interface LeanCommand {
  readonly name: string;
  readonly args: readonly Word[];
  toWritable(): string | Buffer;
  resolve(reply: Reply): void;
  reject(error: Error): void;
  /** Set by ioredis. */
  isTraced: boolean;
}

export function leanCommand(
  words: readonly Word[],
  resolve: (reply: Reply) => void,
  reject: (error: Error) => void,
): LeanCommand {
  const [name, ...args] = words;
  return {
    // In upper case, because ioredis does more than sending for some lower-case names.
    name: String(name).toUpperCase(),
    args,
    toWritable: () => encode(words),
    resolve,
    reject,
    isTraced: true,
  };
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

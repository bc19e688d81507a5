import type { Redis } from "ioredis";

/** Takes what ioredis would write to its socket. */
export interface WriteBatch {
  write(chunk: string | Buffer): boolean;
}

/** Gathers what is sent in one turn of the event loop into one write: a system call per turn, not one per command. */
export function createWriteBatch(redis: Redis): WriteBatch {
  let text = "";
  let parts: (string | Buffer)[] = [];
  let isScheduled = false;

  const flush = (stream: Redis["stream"]) => {
    isScheduled = false;
    const all = text === "" ? parts : [...parts, text];
    parts = [];
    text = "";
    // Its commands have been rejected, if the connection broke meanwhile.
    if (!stream.writable) return;
    const [only] = all;
    if (all.length === 1 && only !== undefined) stream.write(only);
    else stream.write(Buffer.concat(all.map((part) => (typeof part === "string" ? Buffer.from(part) : part))));
  };
  return {
    write(chunk) {
      if (typeof chunk === "string") text += chunk;
      else {
        if (text !== "") parts.push(text);
        parts.push(chunk);
        text = "";
      }
      if (!isScheduled) {
        isScheduled = true;
        setImmediate(flush, redis.stream);
      }
      return true;
    },
  };
}

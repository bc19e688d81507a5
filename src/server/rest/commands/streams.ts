import { RestError } from "../../errors.ts";
import type { Access } from "../access/access.ts";
import { keyword, type Word } from "../redis/protocol.ts";

/** Where a stream's events go. */
export interface StreamTarget {
  send(text: string): void;
  /** A stream that went on over a lost connection would hide lost messages. */
  end(): void;
}

/** Turns a stream on, and gives what turns it off; made before the answer begins, so that failing is still an error. */
export type StreamSource = (target: StreamTarget) => () => void;

/**
 * What `/subscribe/…`, `/psubscribe/…` or `/monitor` streams, by its path's segments:
 * - `subscribe,<channel>,<count>`, then `message,<channel>,<text>`
 * - `psubscribe,<pattern>,<count>`, then `pmessage,<pattern>,<channel>,<text>`
 * - `"OK"`, then each command that Redis runs, as `redis-cli monitor` prints it
 * @throws {RestError} 400 without a channel or for a monitor that is not the owner, 503 if Redis is away
 */
export async function openStream(access: Access, [kind, ...names]: readonly Word[]): Promise<StreamSource> {
  const isMonitor = keyword(kind) === "MONITOR";
  const channels = names.map(String).filter((name) => name !== "");
  if (isMonitor && !access.isOwner) {
    throw new RestError(400, "NOPERM this user has no permissions to run the 'monitor' command");
  }
  if (!isMonitor && channels.length === 0) {
    throw new RestError(400, `ERR wrong number of arguments for '${kind}' command`);
  }
  const connection = await access.redis.connection();
  return ({ send, end }) => {
    connection.on("error", end);
    // After the line that says that the stream has begun, which may stand in the same packet.
    const later = (text: string) => setImmediate(send, text);
    const begun = (async () => {
      if (isMonitor) {
        await connection.monitor((line) => later(String(line)));
        send('"OK"');
      }
      for (const [index, channel] of channels.entries()) {
        if (kind === "subscribe") await connection.subscribe(channel, (text, from) => later(`message,${from},${text}`));
        else await connection.pSubscribe(channel, (text, from) => later(`pmessage,${channel},${from},${text}`));
        send(`${kind},${channel},${index + 1}`);
      }
    })();
    begun.catch(end);
    return () => connection.destroy();
  };
}

import { once } from "node:events";
import { RestError } from "../../errors.ts";
import type { Access } from "../access/access.ts";
import { type Command, keyword } from "../redis/protocol.ts";

export interface StreamTarget {
  send(text: string): void;
  /** Aborts `over`. A stream that went on over a lost connection would hide lost messages. */
  end(): void;
  readonly over: AbortSignal;
}

/** Streams until that is over; made before the answer begins, so that failing is still an error. */
export type StreamSource = (target: StreamTarget) => Promise<void>;

/**
 * What `/subscribe/…`, `/psubscribe/…` or `/monitor` streams, by its path's segments:
 * - `subscribe,<channel>,<count>`, then `message,<channel>,<text>`
 * - `psubscribe,<pattern>,<count>`, then `pmessage,<pattern>,<channel>,<text>`
 * - `"OK"`, then each command that Redis runs, as `redis-cli monitor` prints it
 * @throws {RestError} 400 without a channel or for a monitor that is not the owner, 503 if Redis is away
 */
export async function openStream(access: Access, [kind, ...names]: Command): Promise<StreamSource> {
  const isMonitor = keyword(kind) === "MONITOR";
  const channels = names.map(String).filter((name) => name !== "");
  if (isMonitor && !access.isOwner) {
    throw new RestError(400, "NOPERM this user has no permissions to run the 'monitor' command");
  }
  if (!isMonitor && channels.length === 0) {
    throw new RestError(400, `ERR wrong number of arguments for '${kind}' command`);
  }
  const connection = await access.redis.connection();
  return async ({ send, end, over }) => {
    connection.on("error", end);
    // After the line that says that the stream has begun, which may stand in the same packet.
    const later = (text: string) => setImmediate(send, text);
    const begin = async () => {
      if (isMonitor) await connection.monitor((line) => later(String(line)));
      if (isMonitor) send('"OK"');
      for (const [index, channel] of channels.entries()) {
        if (kind === "subscribe") await connection.subscribe(channel, (text, of) => later(`message,${of},${text}`));
        else await connection.pSubscribe(channel, (text, of) => later(`pmessage,${channel},${of},${text}`));
        send(`${kind},${channel},${index + 1}`);
      }
    };
    begin().catch(end);
    if (!over.aborted) await once(over, "abort");
    connection.destroy();
  };
}

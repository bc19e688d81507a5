import type { Redis } from "ioredis";
import { RestError } from "../../errors.ts";
import type { Access } from "../access/access.ts";
import type { EventStream } from "../http/event-stream.ts";
import type { Word } from "../redis/word.ts";

/** A stream's Redis side, ready to be turned on; made before the answer begins, so that failing is still an error. */
export type StreamSource = (stream: EventStream) => void;

/**
 * Messages of channels, or of patterns, as `subscribe,<channel>,<count>` and `message,<channel>,<text>`, or
 * `psubscribe,<pattern>,<count>` and `pmessage,<pattern>,<channel>,<text>`.
 * @throws {RestError} 400 without a channel, 503 if Redis is away
 */
export async function subscription(
  access: Access,
  kind: "subscribe" | "psubscribe",
  names: readonly Word[],
): Promise<StreamSource> {
  const channels = names.filter((name) => name.length > 0);
  if (channels.length === 0) throw new RestError(400, `ERR wrong number of arguments for '${kind}' command`);
  const connection = await access.redis.connection({ autoResubscribe: false });
  return (stream) => {
    connection.on("messageBuffer", (channel: Buffer, text: Buffer) => stream.send(`message,${channel},${text}`));
    connection.on("pmessageBuffer", (pattern: Buffer, channel: Buffer, text: Buffer) =>
      stream.send(`pmessage,${pattern},${channel},${text}`),
    );
    tie(connection, stream);
    channels.forEach((channel, index) => {
      const done =
        kind === "subscribe" ? connection.subscribe(String(channel)) : connection.psubscribe(String(channel));
      done.then(
        () => stream.send(`${kind},${channel},${index + 1}`),
        () => stream.end(),
      );
    });
  };
}

/** Every command that Redis runs, as `redis-cli monitor` prints them, after an `"OK"`. @throws {RestError} 400 or 503 */
export async function monitoring(access: Access): Promise<StreamSource> {
  if (!access.isOwner) throw new RestError(400, "NOPERM this user has no permissions to run the 'monitor' command");
  const connection = await access.redis.connection({ monitor: true });
  return (stream) => {
    connection.on("monitor", (time: string, words: string[], source: string, database: string) => {
      const quoted = words.map((word) => `"${word.replaceAll('"', '\\"')}"`).join(" ");
      stream.send(`${time} [${database} ${source}] ${quoted}`);
    });
    tie(connection, stream);
    const begin = () => stream.send('"OK"');
    if ((connection.status as string) === "monitoring") begin();
    else connection.once("monitoring", begin);
  };
}

/** One ends with the other: a stream that went on over a lost connection would hide lost messages. */
function tie(connection: Redis, stream: EventStream): void {
  connection.on("close", () => stream.end());
  stream.onEnd(() => connection.disconnect());
}

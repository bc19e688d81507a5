import { once } from "node:events";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { RestError } from "../../errors.ts";
import type { Access } from "../access/access.ts";
import { type Command, keyword } from "../redis/protocol.ts";

const HEARTBEAT_MS = 15_000;
/**
 * In UTF-16 units. A client that lags by more is cut off, as Redis does with its own subscribers. More than the 2 MB that
 * Node reads from Redis at once, before a client gets a turn.
 */
const MOST_UNSENT = 3 * 1024 * 1024;

/**
 * Streams what a path's segments name: `subscribe,<channel>,<count>` and `message,<channel>,<text>`; the same with
 * `psubscribe`, `pmessage` and the pattern before the channel; or `"OK"` and each command that Redis runs.
 * What ends the stream is in `streams` meanwhile.
 * @throws {RestError} 400 without a channel or for a monitor that is not the owner, 503 if Redis is away
 */
export async function stream<E>(
  c: Context<E & { Bindings: HttpBindings }>,
  { isOwner, redis }: Access,
  [kind, ...names]: Command,
  streams: Set<() => void>,
): Promise<Response> {
  const isMonitor = keyword(kind) === "MONITOR";
  const channels = names.map(String).filter((name) => name !== "");
  const denied = "NOPERM this user has no permissions to run the 'monitor' command";
  if (isMonitor && !isOwner) throw new RestError(400, denied);
  const isEmpty = !isMonitor && channels.length === 0;
  if (isEmpty) throw new RestError(400, `ERR wrong number of arguments for '${kind}' command`);
  const connection = await redis.connection();
  return streamSSE(c, async (events) => {
    const over = new AbortController();
    const end = () => over.abort();
    let unsent = "";
    let isWriting = false;
    // All that has come meanwhile is written at once: each write costs far more memory than a short message.
    const write = async (text: string) => {
      if (unsent.length > MOST_UNSENT) return void c.env.outgoing.destroy();
      unsent += text;
      if (isWriting) return;
      isWriting = true;
      for (let taken = unsent; taken !== ""; taken = unsent) {
        unsent = "";
        await events.write(taken);
      }
      isWriting = false;
    };
    // Each line of a text is marked as the same event's, and clients that look for "data: " take it for no other.
    const eventOf = (text: string) => `data: ${text.replace(/\r\n|\r|\n/g, "\ndata:")}\n\n`;
    // What may have come in one packet with the news that the stream has begun; undefined when that has been sent.
    let early: string | undefined = "";
    const send = (text: string) => {
      if (early === undefined) void write(eventOf(text));
      else early += eventOf(text);
    };
    const begin = async () => {
      if (isMonitor) await connection.monitor((line) => send(String(line)));
      if (isMonitor) void write(eventOf('"OK"'));
      for (const [index, channel] of channels.entries()) {
        if (kind === "subscribe") await connection.subscribe(channel, (text, of) => send(`message,${of},${text}`));
        else await connection.pSubscribe(channel, (text, of) => send(`pmessage,${channel},${of},${text}`));
        void write(eventOf(`${kind},${channel},${index + 1}`));
      }
      if (early) void write(early);
      early = undefined;
    };
    streams.add(end);
    events.onAbort(end);
    // One ends with the other: a stream that went on over a lost connection would hide lost messages.
    connection.on("error", end);
    begin().catch(end);
    // A comment now and then shows a client that is gone, and a proxy that somebody is there.
    const heartbeat = setInterval(write, HEARTBEAT_MS, ":\n\n");
    if (!over.signal.aborted) await once(over.signal, "abort");
    clearInterval(heartbeat);
    connection.destroy();
    streams.delete(end);
  });
}

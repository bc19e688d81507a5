import { isUtf8 } from "node:buffer";
import { once } from "node:events";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { RestError } from "../../errors.ts";
import type { Access } from "../access/access.ts";
import { type Command, keyword } from "../redis/protocol.ts";
import type { Part } from "./body.ts";
import { PIECE } from "./encodings.ts";
import { createQueue } from "./queue.ts";

const HEARTBEAT_MS = 15_000;
/**
 * In bytes. A client that lags by more is cut off, as Redis does with its own subscribers. More than the 2 MB that Node
 * reads from Redis at once, before a client gets a turn.
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
    const queue = createQueue((piece) => events.write(piece));
    const write = (parts: readonly Part[]) => {
      if (queue.unsent() > MOST_UNSENT) c.env.outgoing.destroy();
      else queue.add(parts);
    };
    // What may have come in one packet with the news that the stream has begun; undefined when that has been sent.
    let early: Part[] | undefined = [];
    const send = (head: string, message: Part = "") => {
      const event = eventOf(head, message);
      if (early) early.push(...event);
      else write(event);
    };
    const begin = async () => {
      if (isMonitor) await connection.monitor((line) => send(String(line)));
      if (isMonitor) write(eventOf('"OK"'));
      for (const [index, channel] of channels.entries()) {
        if (kind === "subscribe") await connection.subscribe(channel, (text, of) => send(`message,${of},`, text), true);
        else await connection.pSubscribe(channel, (text, of) => send(`pmessage,${channel},${of},`, text), true);
        write(eventOf(`${kind},${channel},${index + 1}`));
      }
      write(early ?? []);
      early = undefined;
    };
    streams.add(end);
    events.onAbort(end);
    // One ends with the other: a stream that went on over a lost connection would hide lost messages.
    connection.on("error", end);
    begin().catch(end);
    // A comment now and then shows a client that is gone, and a proxy that somebody is there.
    const heartbeat = setInterval(write, HEARTBEAT_MS, [":\n\n"]);
    if (!over.signal.aborted) await once(over.signal, "abort");
    clearInterval(heartbeat);
    connection.destroy();
    streams.delete(end);
  });
}

/** Each line is marked as the same event's, and clients that look for "data: " take it for no other. */
function eventOf(head: string, message: Part = ""): Part[] {
  const isSame = message instanceof Buffer && message.length > PIECE && isUtf8(message) && !/[\r\n]/.test(head);
  if (isSame && !message.includes("\n") && !message.includes("\r")) return [`data: ${head}`, message, "\n\n"];
  return [`data: ${`${head}${message}`.replace(/\r\n|\r|\n/g, "\ndata:")}\n\n`];
}

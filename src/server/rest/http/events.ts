import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { StreamSource } from "../commands/streams.ts";

const HEARTBEAT_MS = 15_000;
/** A client that lags by more is cut off, as Redis does with its own subscribers. */
const MOST_UNSENT = 4 * 1024 * 1024;

/** Answers with the source's events, until one of both sides ends; meanwhile what ends it is in `streams`. */
export function streamEvents<E extends { Bindings: HttpBindings }>(
  c: Context<E>,
  source: StreamSource,
  streams: Set<() => void>,
): Response {
  return streamSSE(c, async (stream) => {
    let unsent = 0;
    const write = async (text: string) => {
      unsent += text.length;
      if (unsent > MOST_UNSENT) c.env.outgoing.destroy();
      await stream.write(text);
      unsent -= text.length;
    };
    // Each line of a text is marked as the same event's, and clients that look for "data: " take it for no other.
    const send = (text: string) => void write(`data: ${text.replace(/\r\n|\r|\n/g, "\ndata:")}\n\n`);
    const over = new AbortController();
    const end = () => over.abort();
    stream.onAbort(end);
    streams.add(end);
    // A comment now and then shows a client that is gone, and a proxy that somebody is there.
    const heartbeat = setInterval(write, HEARTBEAT_MS, ":\n\n");
    await source({ send, end, over: over.signal });
    clearInterval(heartbeat);
    streams.delete(end);
  });
}

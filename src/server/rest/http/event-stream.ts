import type { ServerResponse } from "node:http";

/** A stream of server-sent events to one client. */
export interface EventStream {
  /** Sends one event, as `data: …`. */
  send(text: string): void;
  /** Ends the answer; does nothing if it has ended. */
  end(): void;
  /** Calls back once, when the stream is over, whoever ended it. */
  onEnd(listener: () => void): void;
}

const HEARTBEAT_MS = 15_000;
/** A client that lags by more is cut off, as Redis does with its own subscribers. */
const MOST_UNSENT_BYTES = 8 * 1024 * 1024;

/** Turns an answer that has not begun into an event stream. */
export function openEventStream(response: ServerResponse): EventStream {
  response.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    connection: "close",
  });
  response.flushHeaders();
  // A comment now and then shows a client that is gone, and a proxy that somebody is there.
  const heartbeat = setInterval(() => response.write(":\n\n"), HEARTBEAT_MS);
  response.on("close", () => clearInterval(heartbeat));
  return {
    send(text) {
      if (response.writableEnded || response.destroyed) return;
      response.write(`data: ${text.replace(/\r\n|\r|\n/g, "\ndata:")}\n\n`);
      if (response.writableLength > MOST_UNSENT_BYTES) response.destroy();
    },
    end: () => void response.end(),
    onEnd: (listener) => void response.once("close", listener),
  };
}

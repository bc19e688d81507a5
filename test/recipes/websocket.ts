import type { IncomingMessage } from "node:http";
import { createLimiter, leases, type Store, tokenBucket } from "sluice";
import { clientIp } from "sluice/node";
import { type WebSocket, WebSocketServer } from "ws";

/** 1013: try again later. */
const TRY_AGAIN_LATER = 1013;

/** Echoes what it admits; who is told to wait and goes on all the same is cut off after 20 such messages. */
export function serve(port: number, store: Store): WebSocketServer {
  const connections = createLimiter({ name: "connect", store, policies: [tokenBucket({ limit: 10, window: "1 m" })] });
  const messages = createLimiter({
    name: "messages",
    store,
    policies: [
      tokenBucket({ name: "messages", limit: 50, window: "1 s", burst: 100 }),
      tokenBucket({ name: "bytes", limit: 100_000, window: "1 s", burst: 200_000 }),
    ],
    // One connection's messages all come here, so most of them are served from what an earlier one took ahead.
    leases: leases({ maxMs: 1000 }),
    waitUntil: () => {},
  });

  const server = new WebSocketServer({ port, host: "127.0.0.1", maxPayload: 10_000 });
  server.on("connection", async (socket: WebSocket, request: IncomingMessage) => {
    const key = clientIp(request);
    let denials = 0;
    // Before the first await: a message that comes before there is a listener is lost.
    socket.on("message", async (data: Buffer) => {
      const decision = await messages.consume(key, { cost: { messages: 1, bytes: data.length } });
      if (decision.allowed) socket.send(data.toString());
      else if (++denials > 20) socket.close(TRY_AGAIN_LATER, "Too many messages");
      else socket.send(JSON.stringify({ error: "later", retryAfterMs: decision.retryAfterMs }));
    });
    const opened = await connections.consume(key);
    if (!opened.allowed) socket.close(TRY_AGAIN_LATER, `Try again in ${Math.ceil(opened.retryAfterMs / 1000)} s`);
  });
  return server;
}

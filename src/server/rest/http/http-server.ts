import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { ExpectedError } from "../../errors.ts";
import { createFastLane, type FastLane } from "./fast-lane.ts";
import type { AnswerPlain } from "./plain-answer.ts";

const KEEP_ALIVE_MS = 65_000;

/** A listening HTTP server. */
export interface HttpServer {
  /** `http://host:port`. */
  readonly url: string;
  /** How many clients are connected now. */
  connections(): number;
  /** Takes no more requests, lets answers under way finish for at most `graceMs`, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

export interface HttpServerOptions {
  readonly port: number;
  readonly host: string;
  /** How long a client may be silent in the middle of a request or an answer, in ms. */
  readonly clientTimeoutMs: number;
  /** Answers the requests that need no router. */
  readonly answerPlain: AnswerPlain;
}

/** Starts to listen. @throws {ExpectedError} if the address is taken or not this machine's */
export async function startHttpServer(listener: RequestListener, options: HttpServerOptions): Promise<HttpServer> {
  const { port, host, clientTimeoutMs, answerPlain } = options;
  const server = createServer(
    {
      headersTimeout: Math.min(clientTimeoutMs, 10_000),
      requestTimeout: clientTimeoutMs,
      connectionsCheckingInterval: Math.min(clientTimeoutMs, 1000),
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
    },
    listener,
  );
  // Ends a client that stopped reading in the middle of an answer; waiting for Redis has its own, shorter limit.
  server.setTimeout(2 * clientTimeoutMs);
  const sockets = new Set<Socket>();
  const [deliver] = server.listeners("connection");
  const lane = createFastLane({
    answer: answerPlain,
    handOver(socket, chunk) {
      deliver?.call(server, socket);
      socket.emit("data", chunk);
    },
    timeoutMs: 2 * clientTimeoutMs,
    keepAliveMs: KEEP_ALIVE_MS,
  });
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    lane.take(socket);
  });
  server.listen(port, host);
  await once(server, "listening").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw new ExpectedError(`can't listen on ${host}:${port}: ${error.message}`);
    throw new ExpectedError(`port ${port} is already in use: end the other program or choose another --port`);
  });
  const { address, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(":") ? `[${address}]` : address}:${bound}`,
    connections: () => sockets.size,
    close: (graceMs) => close(server, lane, sockets, graceMs),
  };
}

async function close(server: Server, lane: FastLane, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  const closed = once(server, "close");
  const closeIdle = () => {
    lane.closeIdle();
    server.closeIdleConnections();
  };
  // The first time in 20 ms: a request may have arrived and not been read. Others become idle as their answers end.
  server.close();
  const sweep = setInterval(closeIdle, 20);
  const deadline = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
}

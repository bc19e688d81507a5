import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse, STATUS_CODES } from "node:http";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import { ExpectedError } from "../../errors.ts";

const KEEP_ALIVE_MS = 65_000;
const SWEEP_MS = 50;

/**
 * Starts to listen. `clientTimeoutMs`: how long a client may be silent in the middle of a request or an answer.
 * @throws {ExpectedError} if the address is taken or not this machine's
 */
export async function startHttpServer(listener: RequestListener, host: string, port: number, clientTimeoutMs: number) {
  let isClosing = false;
  const listen = oneByOne((request, response) => {
    if (isClosing) response.setHeader("connection", "close");
    listener(request, response);
  });
  const settings = {
    headersTimeout: Math.min(clientTimeoutMs, 10_000),
    requestTimeout: clientTimeoutMs,
    connectionsCheckingInterval: Math.min(clientTimeoutMs, 1000),
    keepAliveTimeout: KEEP_ALIVE_MS,
    noDelay: true,
    // Nothing depends on it.
    requireHostHeader: false,
  };
  const server = createServer(settings, listen).on("checkExpectation", listen).on("clientError", refuse);
  // Who says that it sends no more gets the answer to what it has sent.
  Object.assign(server, { httpAllowHalfOpen: true });
  // Ends a client that stopped reading in the middle of an answer; waiting for Redis has its own, shorter limit.
  server.setTimeout(2 * clientTimeoutMs);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await once(server.listen(port, host), "listening").catch(({ code, message }: NodeJS.ErrnoException) => {
    if (code !== "EADDRINUSE") throw new ExpectedError(`can't listen on ${host}:${port}: ${message}`);
    throw new ExpectedError(`port ${port} is already in use: end the other program or choose another --port`);
  });
  const { address, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(":") ? `[${address}]` : address}:${bound}`,
    /** How many clients are connected now. */
    connections: () => sockets.size,
    /** Takes no more connections, lets answers under way finish for at most `graceMs`, then cuts what is left. */
    async close(graceMs: number): Promise<void> {
      isClosing = true;
      const closed = once(server, "close");
      // Not as http.Server closes, which cuts idle connections at once: a request may have arrived and not been read.
      NetServer.prototype.close.call(server);
      const sweep = setInterval(() => setImmediate(() => server.closeIdleConnections()), SWEEP_MS);
      const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearInterval(sweep);
      clearTimeout(deadline);
    },
  };
}

/** Starts on a connection's next request when its answer has been sent: a client that does not read gets no more. */
function oneByOne(listener: RequestListener): RequestListener {
  const queues = new WeakMap<Socket, { last: ServerResponse; waiting: number }>();
  return (request, response) => {
    const { socket } = request;
    const queue = queues.get(socket) ?? { last: response, waiting: 0 };
    const previous = queue.last;
    queue.last = response;
    queues.set(socket, queue);
    if (previous === response || previous.closed) return listener(request, response);
    queue.waiting += 1;
    // Nor is more read than has arrived already. Node reads on by itself after each request that is whole.
    setImmediate(() => queue.waiting > 0 && socket.pause());
    previous.once("close", () => {
      queue.waiting -= 1;
      if (queue.waiting === 0) socket.resume();
      listener(request, response);
    });
  };
}

/** Answers what is no HTTP, in JSON as everything else. */
function refuse({ code = "" }: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || code === "ECONNRESET") return void socket.destroy();
  const status = code === "HPE_HEADER_OVERFLOW" ? 431 : code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  const body = JSON.stringify({ error: `ERR ${STATUS_CODES[status]}` });
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\nconnection: close\r\n`;
  socket.end(`${head}content-length: ${body.length}\r\n\r\n${body}`, () => socket.destroy());
}

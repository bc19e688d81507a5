import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, type connect, type Server as TcpServer, createServer as tcpServer } from "node:net";
import { buffer } from "node:stream/consumers";

/** What happens to a request on its way. `commit`: whether the store carries it out. */
export type Fault =
  | { readonly kind: "none" }
  /** The answer comes after `ms`. */
  | { readonly kind: "delay"; readonly ms: number }
  /** No answer ever, the connection stays. */
  | { readonly kind: "hang"; readonly commit: boolean }
  /** The connection is reset. */
  | { readonly kind: "reset"; readonly commit: boolean }
  /** The store's answer ends in the middle: with it the connection (`"cut"`), or cleanly (`"truncated"`). */
  | { readonly kind: "cut" | "truncated" }
  /** Another answer than the store's, which isn't asked. */
  | { readonly kind: "answer"; readonly status: number; readonly body: string; readonly type?: string }
  /** A JSON text that never ends, so many bytes a millisecond at most. */
  | { readonly kind: "endless"; readonly bytes: number };

export interface FaultProxy {
  /** What a client takes instead of the store's URL. */
  readonly url: string;
  /** The fault of all requests that arrive from now on. */
  fault: Fault;
  /** Requests seen so far. */
  readonly requests: number;
  /** Requests that their client gave up before an answer was complete. */
  readonly givenUp: number;
  /** Bytes of endless answers that were taken off the proxy's hands. */
  readonly endlessBytes: number;
  close(): Promise<void>;
}

/** An HTTP proxy on a free loopback port, in front of the REST server at `upstream`, that does harm on demand. */
export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const counts = { requests: 0, givenUp: 0, endlessBytes: 0 };
  let fault: Fault = { kind: "none" };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const current = fault;
    counts.requests += 1;
    response.on("error", () => {});
    let harmed = false;
    response.once("close", () => {
      if (!response.writableFinished && !harmed) counts.givenUp += 1;
    });
    const body = await buffer(request);
    const forwarded = () => forward(upstream, request, body);
    switch (current.kind) {
      case "none":
      case "delay": {
        if (current.kind === "delay") await pause(current.ms);
        const { status, text } = await forwarded();
        response.writeHead(status, { "content-type": "application/json" }).end(text);
        return;
      }
      case "hang":
        if (current.commit) await forwarded();
        return;
      case "reset":
        if (current.commit) await forwarded();
        harmed = true;
        request.socket.resetAndDestroy();
        return;
      case "cut":
      case "truncated": {
        const { status, text } = await forwarded();
        const half = text.slice(0, text.length / 2);
        const length = current.kind === "cut" ? text.length : half.length;
        response.writeHead(status, { "content-type": "application/json", "content-length": length });
        if (current.kind === "truncated") response.end(half);
        else {
          harmed = true;
          response.write(half, () => request.socket.destroy());
        }
        return;
      }
      case "answer":
        response.writeHead(current.status, { "content-type": current.type ?? "application/json" }).end(current.body);
        return;
      case "endless":
        response.writeHead(200, { "content-type": "application/json" }).write('{"result":[');
        endless(response, Buffer.alloc(current.bytes, "0"));
        return;
    }
  }

  function endless(response: ServerResponse, chunk: Buffer): void {
    if (response.destroyed) return;
    counts.endlessBytes += chunk.length;
    const goOn = () => setTimeout(() => endless(response, chunk), 1);
    if (response.write(chunk)) goOn();
    else response.once("drain", goOn);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get fault() {
      return fault;
    },
    set fault(next) {
      fault = next;
    },
    get requests() {
      return counts.requests;
    },
    get givenUp() {
      return counts.givenUp;
    },
    get endlessBytes() {
      return counts.endlessBytes;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** A port that accepts connections, or doesn't even do that once its backlog is full, and never says a word. */
export async function startMutePort(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const sockets = new Set<ReturnType<typeof connect>>();
  const server: TcpServer = tcpServer((socket) => {
    sockets.add(socket.on("error", () => {}));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function forward(upstream: string, request: IncomingMessage, body: Buffer) {
  const headers: Record<string, string> = {};
  for (const name of ["authorization", "content-type", "upstash-encoding"]) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  const response = await fetch(upstream + request.url, { method: "POST", headers, body: new Uint8Array(body) });
  return { status: response.status, text: await response.text() };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy on a free loopback port. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that clients made so far. */
  readonly connections: number;
  /** From the next bytes of a client on: they go through, and the answer's first bytes cut the connection. Once. */
  cutNextReply(): void;
  /**
   * `"down"`: every connection is cut, new ones at once. `"held"`: all are cut, too, but new ones are accepted, and what comes
   * over them goes through once the state is `"up"`.
   */
  state: "up" | "down" | "held";
  /** What is on its way back arrives so much later, in ms, as if the server were far away; default 0. */
  delayMs: number;
  close(): Promise<void>;
}

/** A proxy in front of what listens at `upstream` on 127.0.0.1. */
export async function startTcpProxy(upstream: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  let state: TcpProxy["state"] = "up";
  let isCutting = false;
  let connections = 0;
  let delayMs = 0;

  function passThrough(client: Socket): void {
    const server = tracked(connect(upstream, "127.0.0.1"));
    client.pipe(server);
    server.on("data", (chunk) => {
      if (!isCutting) {
        if (delayMs === 0) return client.write(chunk);
        // Timers of one length fire in their order.
        return void setTimeout(() => client.writable && client.write(chunk), delayMs);
      }
      isCutting = false;
      client.destroy();
    });
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
  }

  function tracked(socket: Socket): Socket {
    sockets.add(socket);
    return socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  }

  function cutAll(): void {
    for (const socket of sockets) socket.destroy();
  }

  const listener = createServer((client) => {
    connections += 1;
    tracked(client);
    if (state === "up") passThrough(client);
    else if (state === "held") held.push(() => passThrough(client));
    else client.destroy();
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    port: (listener.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    cutNextReply() {
      isCutting = true;
    },
    get state() {
      return state;
    },
    set state(next) {
      state = next;
      if (next !== "up") cutAll();
      else for (const goOn of held.splice(0)) goOn();
    },
    get delayMs() {
      return delayMs;
    },
    set delayMs(ms) {
      delayMs = ms;
    },
    async close() {
      cutAll();
      listener.close();
      await once(listener, "close");
    },
  };
}

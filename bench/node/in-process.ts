// What a limit adds to one admitted request of Express, in one process and without a network: Node's own request and response
// on a connection that leads nowhere, each subject in turn. Prints JSON: µs of CPU per request, each round.
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import express, { type RequestHandler } from "express";
import { rateLimit as expressRateLimit } from "express-rate-limit";
import { rateLimit } from "../../src/http/node/node.ts";
import { createLimiter, fixedWindow, memoryStore } from "../../src/index.ts";

const HOUR_MS = 3_600_000;
const PLENTY = 100_000_000;
/** Requests under way at once. */
const CONNECTIONS = 50;
const BATCHES = 20;
/** Short and many, so that whatever else the machine does meets every subject. */
const ROUNDS = 150;
const WARM_UPS = 20;

const limiter = createLimiter({
  name: "in-process",
  store: memoryStore(),
  policies: [fixedWindow({ limit: PLENTY, window: HOUR_MS })],
});

const SUBJECTS: Readonly<Record<string, RequestHandler | undefined>> = {
  none: undefined,
  sluice: rateLimit({ limiter }),
  "express-rate-limit": expressRateLimit({
    windowMs: HOUR_MS,
    limit: PLENTY,
    standardHeaders: "draft-8",
    legacyHeaders: false,
  }),
};

/** A connection from this machine that takes whatever is written. */
class Sink extends Socket {
  override readonly remoteAddress = "127.0.0.1";

  override write(...args: unknown[]): boolean {
    const done = args.at(-1);
    if (typeof done === "function") process.nextTick(done as () => void);
    return true;
  }
}

/** Resolves once a request has been served, up to the last byte that a connection would get. */
type Serve = (socket: Socket) => Promise<void>;

function serverOf(limit: RequestHandler | undefined): Serve {
  const app = express();
  app.disable("x-powered-by");
  if (limit) app.use(limit);
  app.get("/", (_request, response) => {
    response.end("served");
  });
  return (socket) =>
    new Promise((resolve) => {
      const request = new IncomingMessage(socket);
      Object.assign(request, { method: "GET", url: "/", headers: { host: "api.test", connection: "keep-alive" } });
      const response = new ServerResponse(request);
      response.assignSocket(socket);
      response.once("finish", () => {
        response.detachSocket(socket);
        resolve();
      });
      app(request, response);
    });
}

const sockets = Array.from({ length: CONNECTIONS }, () => new Sink());
const servers = Object.entries(SUBJECTS).map(([name, limit]) => ({
  name,
  serve: serverOf(limit),
  micros: [] as number[],
}));
for (let round = -WARM_UPS; round < ROUNDS; round += 1) {
  for (const { serve, micros } of servers) {
    const since = process.cpuUsage();
    for (let batch = 0; batch < BATCHES; batch += 1) {
      await Promise.all(sockets.map(serve));
      await nextTurn();
    }
    const { user, system } = process.cpuUsage(since);
    if (round >= 0) micros.push((user + system) / BATCHES / CONNECTIONS);
  }
}
console.log(JSON.stringify(Object.fromEntries(servers.map(({ name, micros }) => [name, micros]))));

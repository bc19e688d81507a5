import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import connect from "connect";
import express from "express";
import fastify from "fastify";
import Koa from "koa";
import {
  fastifyRateLimit,
  koaRateLimit,
  type NodeRateLimitOptions,
  type NodeSubject,
  rateLimit,
  rateLimitOf,
} from "sluice/node";

/** Options that every framework takes: their functions need the request alone. */
export type CommonOptions = NodeRateLimitOptions<NodeSubject, [reply?: unknown]>;

/** What the served app does with a request that may pass. */
export type Handle = (subject: NodeSubject, path: string) => { status: number; body: string };

export interface Running {
  readonly url: string;
  close(): Promise<void>;
}

interface Setup {
  /** Limits that stand one behind the other. */
  readonly limits: readonly CommonOptions[];
  readonly handle: Handle;
  /** Whether the framework is told to believe one proxy. */
  readonly trustProxy?: boolean;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

async function listening(listener: Listener): Promise<Running> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Each framework with the same limits and the same app, as a real server. */
export const FRAMEWORKS: Record<string, (setup: Setup) => Promise<Running>> = {
  async Express({ limits, handle, trustProxy }) {
    const app = express();
    app.disable("x-powered-by");
    if (trustProxy) app.set("trust proxy", 1);
    for (const options of limits) app.use("/api", rateLimit(options as never));
    app.use((request, response) => {
      const { status, body } = handle(request, request.originalUrl);
      response.status(status).type("text/plain").end(body);
    });
    app.use(((error, _request, response, _next) => {
      response.status(500).end(`${error}`);
    }) as express.ErrorRequestHandler);
    return listening(app);
  },

  async Connect({ limits, handle }) {
    const app = connect();
    for (const options of limits) app.use("/api", rateLimit(options as never));
    app.use((request, response) => {
      const { status, body } = handle(request, request.originalUrl ?? "");
      response.statusCode = status;
      response.setHeader("Content-Type", "text/plain");
      response.end(body);
    });
    app.use(((error, _request, response, _next) => {
      response.statusCode = 500;
      response.end(`${error}`);
    }) as connect.ErrorHandleFunction);
    return listening(app);
  },

  async Fastify({ limits, handle, trustProxy = false }) {
    const app = fastify({ trustProxy: trustProxy ? "127.0.0.1" : false, forceCloseConnections: true });
    await app.register(async (api) => {
      for (const options of limits) await api.register(fastifyRateLimit, options as never);
      api.all("/api/*", (request, reply) => {
        const { status, body } = handle(request as never, request.url);
        reply.code(status).type("text/plain").send(body);
      });
    });
    app.all("/*", (request, reply) => {
      const { status, body } = handle(request, request.url);
      reply.code(status).type("text/plain").send(body);
    });
    app.setErrorHandler((error, _request, reply) => {
      reply.code(500).send(`${error}`);
    });
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    return { url, close: () => app.close() };
  },

  async Koa({ limits, handle, trustProxy = false }) {
    const app = new Koa({ proxy: trustProxy });
    app.silent = true;
    app.use(async (context, next) => {
      try {
        await next();
      } catch (error) {
        context.status = 500;
        context.body = `${error}`;
      }
    });
    for (const options of limits) {
      const limit = koaRateLimit(options as never);
      app.use((context, next) => (context.path.startsWith("/api") ? limit(context, next) : next()));
    }
    app.use((context) => {
      const { status, body } = handle(context, context.url);
      context.body = body;
      context.status = status;
      context.type = "text/plain";
    });
    return listening(app.callback());
  },
};

/** An app that says what was decided. */
export const telling: Handle = (subject, path) => {
  const decision = rateLimitOf(subject);
  return {
    status: path.includes("fail") ? 401 : 200,
    body: decision ? `${decision.policy} ${decision.allowed}` : "none",
  };
};

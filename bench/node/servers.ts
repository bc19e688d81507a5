import fastifyRateLimitRival from "@fastify/rate-limit";
import express from "express";
import { rateLimit as expressRateLimit } from "express-rate-limit";
import fastify from "fastify";
import { Redis } from "ioredis";
import { RedisStore } from "rate-limit-redis";
import { fastifyRateLimit, rateLimit } from "../../src/http/node/node.ts";
import { createLimiter, fixedWindow, memoryStore, redisStore, type Store } from "../../src/index.ts";
import { ioredisClient, ioredisOptions } from "../../src/store/ioredis.ts";

/** What is put before the handler. */
export const LIMITS = ["none", "sluice, memory", "rival, memory", "sluice, Redis", "rival, Redis"] as const;

export type Limit = (typeof LIMITS)[number];

export interface ServerOptions {
  readonly framework: "Express" | "Fastify";
  readonly limit: Limit;
  /** Requests per hour. */
  readonly most: number;
  readonly redisUrl: string;
  /** Keeps the runs on one Redis apart. */
  readonly prefix: string;
}

const HOUR_MS = 3_600_000;

const limiterOn = (store: Store, { most, prefix }: ServerOptions) =>
  createLimiter({ name: prefix, store, policies: [fixedWindow({ limit: most, window: HOUR_MS })] });

const limiterOf = (options: ServerOptions) =>
  options.limit === "sluice, memory"
    ? limiterOn(memoryStore(), options)
    : limiterOn(redisStore(ioredisClient(new Redis(options.redisUrl, ioredisOptions))), options);

function expressLimit(options: ServerOptions): express.RequestHandler {
  const { limit, most, redisUrl, prefix } = options;
  if (limit.startsWith("sluice")) return rateLimit({ limiter: limiterOf(options) });
  const redis = limit === "rival, Redis" ? new Redis(redisUrl) : undefined;
  return expressRateLimit({
    windowMs: HOUR_MS,
    limit: most,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    ...(redis && {
      store: new RedisStore({
        prefix,
        sendCommand: (command: string, ...args: string[]) => redis.call(command, ...args) as Promise<never>,
      }),
    }),
  });
}

/** Serves on the port that `PORT` names. */
export async function serve(options: ServerOptions, port: number): Promise<void> {
  const { framework, limit, most, redisUrl, prefix } = options;
  if (framework === "Express") {
    const app = express();
    app.disable("x-powered-by");
    app.disable("etag");
    if (limit !== "none") app.use(expressLimit(options));
    app.get("/", (_request, response) => {
      response.end("served");
    });
    await new Promise<void>((resolve) => app.listen(port, "127.0.0.1", () => resolve()));
    return;
  }
  const app = fastify();
  if (limit.startsWith("sluice")) await app.register(fastifyRateLimit, { limiter: limiterOf(options) });
  if (limit.startsWith("rival")) {
    const redis =
      limit === "rival, Redis" ? new Redis(redisUrl, { connectTimeout: 500, maxRetriesPerRequest: 1 }) : undefined;
    await app.register(fastifyRateLimitRival, {
      max: most,
      timeWindow: HOUR_MS,
      ...(redis && { redis, nameSpace: prefix }),
    });
  }
  app.get("/", (_request, reply) => {
    reply.send("served");
  });
  await app.listen({ port, host: "127.0.0.1" });
}

import type { AddressInfo } from "node:net";
import fastifyRateLimit from "@fastify/rate-limit";
import { Ratelimit } from "@upstash/ratelimit";
import { Redis as UpstashRedis } from "@upstash/redis";
import express from "express";
import { rateLimit as expressRateLimit } from "express-rate-limit";
import fastify from "fastify";
import { Hono } from "hono";
import { RedisStore as HonoStore, rateLimiter } from "hono-rate-limiter";
import { Redis } from "ioredis";
import { type RedisReply, RedisStore } from "rate-limit-redis";
import { RateLimiterRedis, RateLimiterRes, RateLimiterUnion } from "rate-limiter-flexible";
import { createLimiter, redisStore, slidingWindow } from "../../../src/index.ts";
import { upstashClient } from "../../../src/store/upstash.ts";

/** Where a library finds its Redis, and a prefix of its own. */
export interface Place {
  readonly redisUrl: string;
  readonly restUrl: string;
  readonly restToken: string;
  readonly prefix: string;
}

/** A library as its documentation sets it up, with quotas in Redis that each call takes from. */
export interface Peer {
  /** One call of one caller; resolves to whether it was let through. */
  call(cost?: number): Promise<boolean>;
  end(): unknown;
}

/** Quotas by their windows in seconds: calls in each. */
export type Quotas = Readonly<Record<number, number>>;

export type Make = (place: Place, quotas: Quotas) => Promise<Peer>;

/** Whether a server lets a request pass; any answer but 200 and 429 is an error. */
async function passes(response: Response): Promise<boolean> {
  await response.body?.cancel();
  if (response.status !== 200 && response.status !== 429) throw new Error(`answered ${response.status}`);
  return response.status === 200;
}

const pairs = (quotas: Quotas) => Object.entries(quotas).map(([seconds, limit]) => [Number(seconds), limit] as const);

/** With as many retries as by default, but without the waits between them. */
const rest = ({ restUrl: url, restToken: token }: Place) =>
  new UpstashRedis({ url, token, retry: { backoff: () => 1 } });

/** Gives up at once where Redis is away, as a server should that must answer. */
const tcp = (url: string) => {
  const redis = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy: null });
  redis.on("error", () => {});
  return redis;
};

/** Resolves when it is connected, or is known not to be. */
const settled = (redis: Redis) =>
  new Promise<void>((resolve) => redis.once("ready", () => resolve()).once("end", () => resolve()));

const sluice: Make = async ({ restUrl, restToken, prefix }, quotas) => {
  const limiter = createLimiter({
    name: prefix,
    store: redisStore(upstashClient({ url: restUrl, token: restToken })),
    policies: pairs(quotas).map(([seconds, limit]) =>
      slidingWindow({ name: `${seconds}`, limit, window: seconds * 1000 }),
    ),
  });
  return { call: async (cost = 1) => (await limiter.consume("caller", { cost })).allowed, end() {} };
};

const upstash: Make = async (place, quotas) => {
  const redis = rest(place);
  const limiters = pairs(quotas).map(
    ([seconds, limit]) =>
      new Ratelimit({
        redis,
        limiter: Ratelimit.slidingWindow(limit, `${seconds} s`),
        prefix: `${place.prefix}:${seconds}`,
      }),
  );
  return {
    async call(rate = 1) {
      for (const limiter of limiters) if (!(await limiter.limit("caller", { rate })).success) return false;
      return true;
    },
    end() {},
  };
};

const flexible: Make = async ({ redisUrl, prefix }, quotas) => {
  const storeClient = tcp(redisUrl);
  await settled(storeClient);
  const limiters = pairs(quotas).map(
    ([duration, points]) => new RateLimiterRedis({ storeClient, duration, points, keyPrefix: `${prefix}:${duration}` }),
  );
  const [only] = limiters;
  const limiter = limiters.length > 1 ? new RateLimiterUnion(...limiters) : (only as RateLimiterRedis);
  const denied = (reason: unknown) =>
    reason instanceof RateLimiterRes || Object.values(reason as object).some((part) => part instanceof RateLimiterRes);
  return {
    async call(cost = 1) {
      try {
        await limiter.consume("caller", cost);
        return true;
      } catch (reason) {
        if (denied(reason)) return false;
        throw reason;
      }
    },
    end: () => storeClient.disconnect(),
  };
};

const hono: Make = async (place, quotas) => {
  const client = rest(place);
  const app = new Hono();
  app.onError((_error, c) => c.text("failed", 500));
  for (const [seconds, limit] of pairs(quotas)) {
    const store = new HonoStore({ client: client as never, prefix: `${place.prefix}:${seconds}:` });
    app.use(rateLimiter({ windowMs: seconds * 1000, limit, keyGenerator: () => "caller", store: store as never }));
  }
  app.get("/", (c) => c.text("served"));
  return { call: async () => passes(await app.request("/")), end() {} };
};

const expressPeer: Make = async ({ redisUrl, prefix }, quotas) => {
  const redis = tcp(redisUrl);
  await settled(redis);
  const sendCommand = (command: string, ...args: string[]) => redis.call(command, ...args) as Promise<RedisReply>;
  const app = express();
  for (const [seconds, limit] of pairs(quotas)) {
    const store = new RedisStore({ sendCommand, prefix: `${prefix}:${seconds}:` });
    app.use(expressRateLimit({ windowMs: seconds * 1000, limit, store }));
  }
  app.get("/", (_request, response) => void response.end("served"));
  app.use((_error: unknown, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
    response.status(500).end();
  });
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    call: async () => passes(await fetch(url, { headers: { Connection: "close" } })),
    end() {
      server.close();
      redis.disconnect();
    },
  };
};

const fastifyPeer: Make = async ({ redisUrl, prefix }, quotas) => {
  const redis = tcp(redisUrl);
  await settled(redis);
  const app = fastify();
  const [[seconds, max]] = pairs(quotas) as [readonly [number, number]];
  await app.register(fastifyRateLimit, { max, timeWindow: seconds * 1000, redis, nameSpace: prefix });
  app.get("/", async () => "served");
  return {
    async call() {
      const { statusCode } = await app.inject("/");
      if (statusCode !== 200 && statusCode !== 429) throw new Error(`answered ${statusCode}`);
      return statusCode === 200;
    },
    async end() {
      await app.close();
      redis.disconnect();
    },
  };
};

/** The libraries by their names, in the order of the table. */
export const PEERS: Readonly<Record<string, Make>> = {
  Sluice: sluice,
  "@upstash/ratelimit": upstash,
  "rate-limiter-flexible": flexible,
  "hono-rate-limiter": hono,
  "express-rate-limit": expressPeer,
  "@fastify/rate-limit": fastifyPeer,
};

/** Those that take costs. */
export const WEIGHTED = ["Sluice", "@upstash/ratelimit", "rate-limiter-flexible"];

/** Those that put several quotas on one call. */
export const SEVERAL = Object.keys(PEERS).filter((name) => name !== "@fastify/rate-limit");

import connect from "connect";
import express, { type Request, type Response } from "express";
import fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import Koa, { type Context } from "koa";
import { allOf, createLimiter, type Decision, fixedWindow, memoryStore } from "sluice";
import {
  clientIp,
  compose,
  fastifyHook,
  fastifyRateLimit,
  firstOf,
  header,
  koaRateLimit,
  type NodeClientIpOptions,
  type NodeRateLimitOptions,
  path,
  rateLimit,
  rateLimitOf,
} from "sluice/node";
import { describe, expect, expectTypeOf, test } from "vitest";
import { limiterOf } from "../setup.ts";

const { limiter } = limiterOf();
const store = memoryStore();
const named = (name: string) =>
  createLimiter({ name, store, policies: [fixedWindow({ name: "pair", limit: 2, window: "1 h" })] });

describe("each framework's own types", () => {
  test("Express: option functions may say what they get, and keys fit", () => {
    const app = express();
    app.use(rateLimit({ limiter }));
    app.use(rateLimit({ limiter, key: clientIp }));
    app.use(rateLimit({ limiter, key: firstOf(header("x-api-key"), clientIp) }));
    app.get(
      "/:id",
      rateLimit({
        limiter,
        key: (request: Request, response: Response) => `${request.ip} ${response.app.name}`,
        refundOn: (response) => response.statusCode < 400,
      }),
      (request, response) => {
        expectTypeOf(rateLimitOf(request)).toEqualTypeOf<Decision | undefined>();
        response.end();
      },
    );
    // @ts-expect-error: keys are texts.
    app.use(rateLimit({ limiter, key: (_request: Request) => 5 }));
  });

  test("Connect", () => {
    connect().use(rateLimit({ limiter, key: compose(clientIp, path()) }));
  });

  test("Fastify: the plugin, and the hook for a route", () => {
    const app = fastify();
    app.register(fastifyRateLimit, { limiter, key: (request: FastifyRequest) => request.ip });
    app.register(fastifyRateLimit, { limiter, key: clientIp });
    const onRequest = fastifyHook({ limiter, key: (request: FastifyRequest, _reply: FastifyReply) => request.ip });
    app.get("/", { onRequest }, (request) => rateLimitOf(request));
    app.addHook("preHandler", fastifyHook({ limiter }));
  });

  test("Koa", () => {
    const app = new Koa();
    app.use(koaRateLimit({ limiter, key: (context: Context) => context.ip }));
    app.use(koaRateLimit({ limiter, key: clientIp }));
    app.use((context) => {
      expectTypeOf(rateLimitOf(context)).toEqualTypeOf<Decision | undefined>();
    });
  });

  test("several limiters as one take a key for each", () => {
    const both = allOf({ org: named("org"), user: named("user") });
    const key = (request: Request) => ({ org: "acme", user: `${request.ip}` });
    express().use(rateLimit({ limiter: both, key }));
    fastify().register(fastifyRateLimit, {
      limiter: both,
      key: (request: FastifyRequest) => ({ org: "a", user: request.ip }),
    });
    new Koa().use(koaRateLimit({ limiter: both, key: (context: Context) => ({ org: "a", user: context.ip }) }));
    // @ts-expect-error: a record has no default.
    expect(() => rateLimit({ limiter: both })).not.toThrow();
  });

  test("every option may be undefined", () => {
    expectTypeOf<{
      trust: undefined;
      ipv6Subnet: undefined;
      onUnknownAddress: undefined;
    }>().toExtend<NodeClientIpOptions>();
    expectTypeOf<{ key: undefined; refundOn: undefined; onError: undefined; limiter: typeof limiter }>().toExtend<
      NodeRateLimitOptions<Request, [Response]>
    >();
  });
});

test.each([
  [{ limiter: "x" }, "limiter must be a limiter or a function that makes one"],
  [{ limiter, refundOn: true }, "refundOn must be a function, not true"],
  [{ limiter, key: "ip" }, "key must be a function"],
  [{ limiter, headers: "draft-7" }, "headers must be standardFields or its like, or false"],
])("misuse is told at once: %o", (options, message) => {
  const makers: ((options: never) => unknown)[] = [rateLimit, fastifyHook, koaRateLimit];
  for (const make of makers) expect(() => make(options as never)).toThrow(message);
});

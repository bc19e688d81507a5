import "reflect-metadata";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Controller, Get, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { redisStore } from "sluice";
import { ioredisClient } from "sluice/ioredis";
import { createRedisRest } from "sluice/redis-rest";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { billed } from "../support/billed.ts";
import { connect } from "../support/redis.ts";
import { server as elysia } from "./elysia.ts";
import { costOf, fetchGraphql } from "./graphql.ts";
import { limit } from "./nestjs.ts";
import { router } from "./trpc.ts";
import { serve } from "./websocket.ts";

let close: (() => unknown) | undefined;

afterEach(async () => {
  await close?.();
  close = undefined;
});

/** Asks until it is denied: five pass at once. */
async function expectLimit(ask: () => Promise<Response>): Promise<Response> {
  for (let i = 0; i < 5; i += 1) {
    const response = await ask();
    expect(response.status, await response.clone().text()).toBe(200);
    expect(response.headers.get("RateLimit")).toContain(`r=${4 - i}`);
  }
  const denied = await ask();
  expect(denied.status).toBe(429);
  expect(Number(denied.headers.get("Retry-After"))).toBeGreaterThan(0);
  return denied;
}

test("tRPC: each user and procedure has a quota", async () => {
  const ask = (id: string) =>
    fetchRequestHandler({
      endpoint: "/trpc",
      req: new Request("https://api.test/trpc/hello"),
      router,
      createContext: ({ resHeaders }) => ({ user: { id }, resHeaders }),
    });
  const denied = await expectLimit(() => ask("alice"));
  expect(await denied.json()).toMatchObject({ error: { data: { code: "TOO_MANY_REQUESTS" } } });
  expect((await ask("bob")).status).toBe(200);
});

test("Elysia: behind a limit by address", async () => {
  const bun = { requestIP: () => ({ address: "192.0.2.1" }) };
  const denied = await expectLimit(() => elysia.fetch(new Request("https://api.test/hello"), bun));
  expect(await denied.json()).toMatchObject({ title: "Quota Exceeded" });
});

test("NestJS: middleware before its routes", async () => {
  class HelloController {
    hello() {
      return "Hello";
    }
  }
  class AppModule {}
  // Decorators are functions; the tests' compiler is not set up to write them with an @.
  const property = Object.getOwnPropertyDescriptor(HelloController.prototype, "hello") as PropertyDescriptor;
  Get("hello")(HelloController.prototype, "hello", property);
  Controller("api")(HelloController);
  Module({ controllers: [HelloController] })(AppModule);
  const app = await NestFactory.create(AppModule, { logger: false });
  close = () => app.close();
  limit(app);
  await app.listen(0, "127.0.0.1");
  const url = await app.getUrl();
  await expectLimit(() => fetch(`${url}/api/hello`));
});

describe("GraphQL", () => {
  const ask = (query: string, user = "alice") =>
    fetchGraphql(
      new Request("https://api.test/graphql", {
        method: "POST",
        headers: { "x-user": user },
        body: JSON.stringify({ query }),
      }),
    );

  test.each([
    ["{ items { id } }", 3],
    ["{ items(first: 50) { id name } }", 102],
    ["{ items(first: 50) { children(first: 10) { id } } }", 1 + 1 + 50 + 500],
    ["{ a: items(first: 5) { id } b: items(first: 5) { id } }", 13],
    ["{ items(first: -5) { id } }", 3],
    ["query ($n: Int) { items(first: $n) { id } }", 1 + 1 + 7],
    ["query ($m: Int = 99) { items(first: $m) { id } }", 10_000],
    ["fragment f on Item { id name } { items(first: 5) { ...f ... on Item { id } } }", 1 + 1 + 5 * (1 + 2 + 1 + 1)],
    ["fragment f on Item { ...g } fragment g on Item { ...f } { items { ...f } }", 10_000],
    ["{ not a query", 1],
  ])("%s costs %i", (query, cost) => {
    expect(costOf(query, { n: 7 })).toBe(cost);
  });

  test("a query pays for what it asks for", async () => {
    const served = await ask("{ items(first: 400) { id } }");
    expect([served.status, (await served.json()).data.items.length]).toEqual([200, 400]);
    expect(served.headers.get("RateLimit")).toContain("r=598");
    expect((await ask("{ items(first: 900) { id } }")).status).toBe(429);
    expect((await ask("{ items(first: 900) { id } }", "bob")).status).toBe(200);
    expect((await fetchGraphql(new Request("https://api.test/graphql", { method: "POST", body: "no" }))).status).toBe(
      400,
    );
  });
});

describe("WebSocket messages", () => {
  /** A client of the recipe's server, on a Redis of its own, and what it has been told. */
  async function connected() {
    const rest = await createRedisRest({ install: true });
    const redis = await connect(rest.redisUrl);
    const server = serve(0, redisStore(ioredisClient(redis)));
    await once(server, "listening");
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    close = async () => {
      socket.terminate();
      await new Promise((resolve) => server.close(resolve));
      redis.disconnect();
      await rest.close();
    };
    const answers: string[] = [];
    socket.on("message", (data) => answers.push(`${data}`));
    await once(socket, "open");
    return { redis, socket, answers };
  }

  test("are counted one by one, most of them without a trip to Redis", async () => {
    const { redis, socket, answers } = await connected();
    const { evalsha = 0 } = await billed(redis, async () => {
      for (let i = 0; i < 45; i += 1) {
        socket.send("hello");
        await once(socket, "message");
      }
    });
    expect(answers).toEqual(new Array(45).fill("hello"));
    expect(evalsha).toBeGreaterThan(0);
    expect(evalsha).toBeLessThan(30);
  });

  test("told to wait, and cut off after too many", async () => {
    const { socket, answers } = await connected();
    const closed = once(socket, "close");
    for (let i = 0; i < 1000; i += 1) socket.send("hello");
    const [code] = await closed;
    expect(code).toBe(1013);
    const admitted = answers.filter((answer) => answer === "hello").length;
    expect(admitted).toBeGreaterThanOrEqual(10);
    expect(admitted).toBeLessThan(980);
    expect(JSON.parse(answers.find((answer) => answer !== "hello") as string)).toMatchObject({
      error: "later",
      retryAfterMs: expect.any(Number),
    });
  });
});

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { Redis } from "ioredis";
import { createLimiter, fixedWindow, redisStore, slidingWindow, tokenBucket } from "sluice";
import { upstashClient } from "sluice/upstash";
import { describe, expect, inject, test, vi } from "vitest";
import { createRedisRest } from "../../src/server/rest/server.ts";
import { uniqueName } from "../support/redis.ts";

const [url, token] = [inject("restUrl"), inject("restToken")];

test.each([false, true])("a hundred calls at once are each counted once, pipeline %s", async (pipeline) => {
  const limiter = createLimiter({
    store: redisStore(upstashClient({ url, token, pipeline })),
    policies: [fixedWindow({ limit: 60, window: "1 d" })],
    name: uniqueName(),
    timeoutMs: 60_000,
  });
  const decisions = await Promise.all(Array.from({ length: 100 }, () => limiter.consume("all")));
  expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(60);
  expect(new Set(decisions.map(({ source }) => source))).toEqual(new Set(["store"]));
  await limiter.reset("all");
  expect(await limiter.peek("all")).toMatchObject({ remaining: 60 });
});

test.each([false, true])("a token that is not known is an auth error, pipeline %s", async (pipeline) => {
  const store = redisStore(upstashClient({ url, token: "another", pipeline }));
  const limiter = createLimiter({ name: "test", store, policies: [fixedWindow({ limit: 1, window: "1 d" })] });
  expect(await limiter.consume("a")).toMatchObject({ source: "fallback", error: { kind: "auth" } });
});

test.each([
  [{ url: "redis://127.0.0.1", token }, "url"],
  [{ url, token: "" }, "token"],
  [{ url, token: "sécret" }, "token"],
  [{ url, token: "secret\u0001" }, "token"],
  [{ url: undefined, token }, "url"],
])("options that can't work are named at once", (options, named) => {
  expect(() => upstashClient(options as never)).toThrow(new RegExp(`^${named} must be`));
});

test.each([
  [{ url: undefined, token }, "url", "UPSTASH_REDIS_REST_URL"],
  [{ url: "", token }, "url", "UPSTASH_REDIS_REST_URL"],
  [{ url, token: undefined }, "token", "UPSTASH_REDIS_REST_TOKEN"],
])("a variable that is not set is named", (options, option, variable) => {
  const text = `${option} must be the value of ${variable}, which is not set: look in the environment, .env or wrangler's .dev.vars`;
  expect(() => upstashClient(options as never)).toThrow(new TypeError(text));
});

test("a thousand waiting checks whose script is not known send its text a few times, not a thousand", async () => {
  // A server of its own: this test makes it forget scripts.
  const rest = await createRedisRest();
  const redis = new Redis(rest.redisUrl);
  const fetched = vi.spyOn(globalThis, "fetch");
  try {
    const limiter = createLimiter({
      store: redisStore(upstashClient({ url: rest.url, token: rest.token, pipeline: true })),
      policies: [tokenBucket({ limit: 1, window: "1 d" }), slidingWindow({ limit: 1, window: "1 h" })],
      name: uniqueName(),
      timeoutMs: 30_000,
      snapshots: false,
    });
    for (const remaining of [1, 0]) {
      await redis.script("FLUSH");
      fetched.mockClear();
      const checks = Array.from({ length: 1000 }, (_, i) => limiter.consume(`k${i}`));
      const decisions = await Promise.all(checks);
      expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(remaining * 1000);
      expect(new Set(decisions.map(({ source }) => source))).toEqual(new Set(["store"]));
      const sent = fetched.mock.calls.map(([, init]) => String(init?.body));
      const texts = sent.map((body) => body.split('"EVAL"').length - 1);
      // Each request once at most, and there are some for each round: of EVALSHA, and of what that did not find.
      expect(Math.max(...texts)).toBe(1);
      expect(sent.length).toBeLessThan(10);
      expect(sent.join("").length).toBeLessThan(1000 * 500);
    }
  } finally {
    fetched.mockRestore();
    redis.disconnect();
    await rest.close();
  }
});

test.each([
  "ERR Unexpected flag in script shebang: allow-key-locking",
  "ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'",
])("a hundred waiting checks all hear that the flags line is refused: %s", async (refusal) => {
  // A server that hands on what it gets, to a Redis that knows no such flag.
  const redis = new Redis(inject("redisUrl"));
  const answer = async ([name = "", ...args]: string[]) => {
    if (name === "EVAL" && args[0]?.startsWith("#!")) return { error: refusal };
    return redis.call(name, ...args).then(
      (result) => ({ result }),
      (error) => ({ error: error.message }),
    );
  };
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as string[] | string[][];
    const commands = (Array.isArray(body[0]) ? body : [body]) as string[][];
    const replies = [];
    for (const command of commands) replies.push(await answer(command.map(String)));
    response.end(JSON.stringify(body === commands ? replies : replies[0]));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const limiter = createLimiter({
      store: redisStore(upstashClient({ url: `http://127.0.0.1:${port}`, token, pipeline: true })),
      policies: [fixedWindow({ limit: 60, window: "1 d" })],
      name: uniqueName(),
    });
    const decisions = await Promise.all(Array.from({ length: 100 }, () => limiter.consume("all")));
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(60);
    expect(new Set(decisions.map(({ source }) => source))).toEqual(new Set(["store"]));
  } finally {
    server.close();
    server.closeAllConnections();
    redis.disconnect();
  }
});

describe("replies that are compressed", () => {
  /** A server that answers everything with that, and counts the bytes that it was rid of. */
  async function answering(body: Buffer, headers: Record<string, string | number>) {
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "application/json", ...headers }).end(body);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    return {
      client: upstashClient({ url: `http://127.0.0.1:${port}`, token }),
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  const ENCODINGS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };

  test.each(Object.entries(ENCODINGS))("%s: what is small is read", async (encoding, compress) => {
    const body = compress(JSON.stringify({ result: "a reply, é€😀" }));
    await using server = await answering(body, { "content-encoding": encoding, "content-length": body.length });
    expect(await server.client.del("k")).toBe("a reply, é€😀");
  });

  test.each(Object.entries(ENCODINGS))(
    "%s: no more than 1 MiB of what it unpacks to is kept",
    async (encoding, compress) => {
      // A page of an error that is small on the wire: 64 MiB of the same character.
      const body = compress(`{"error":"${"x".repeat(2 ** 26)}"}`);
      expect(body.length).toBeLessThan(2 ** 20);
      await using server = await answering(body, { "content-encoding": encoding, "content-length": body.length });
      await expect(server.client.del("k")).rejects.toMatchObject({
        name: "StoreError",
        kind: "reply",
        message: "Redis answered with more than 1048576 bytes",
      });
    },
  );
});

test("a reply that comes in pieces, without its length, is read whole", async () => {
  const server = createServer(async (_request, response) => {
    // Each byte by itself, so that characters come in pieces; what is written in one turn arrives as one.
    for (const byte of Buffer.from(JSON.stringify({ result: "a reply, é€😀" }))) {
      response.write(Buffer.of(byte));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const client = upstashClient({ url: `http://127.0.0.1:${port}`, token });
    expect(await client.del("k")).toBe("a reply, é€😀");
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

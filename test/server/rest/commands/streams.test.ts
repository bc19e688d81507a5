import { Redis } from "@upstash/redis";
import { Redis as TcpRedis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRedisRest, type RedisRest } from "../../../../src/server/rest/server.ts";

let rest: RedisRest;
let direct: TcpRedis;

beforeAll(async () => {
  rest = await createRedisRest();
  direct = new TcpRedis(rest.redisUrl);
});
afterAll(async () => {
  direct?.disconnect();
  await rest?.close();
});

/** Opens a stream; `next()` gives its events one by one, undefined at its end. */
async function open(path: string, method = "POST") {
  const abort = new AbortController();
  const headers = { authorization: `Bearer ${rest.token}`, accept: "text/event-stream" };
  const body = method === "POST" ? "[]" : null;
  const response = await fetch(rest.url + path, { method, headers, body, signal: abort.signal });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = "";
  const decoder = new TextDecoder();
  const next = async (): Promise<string | undefined> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const event = text.slice(0, end);
        text = text.slice(end + 2);
        if (!event.startsWith(":")) return event;
        continue;
      }
      const { done, value } = await reader.read();
      if (done) return undefined;
      text += decoder.decode(value, { stream: true });
    }
  };
  return { response, next, close: () => abort.abort() };
}

test("subscribe and psubscribe send what is published, and end with the client", async () => {
  const channel = await open("/subscribe/chat/100%25");
  expect(channel.response.headers.get("content-type")).toBe("text/event-stream");
  expect([await channel.next(), await channel.next()]).toEqual(["data: subscribe,chat,1", "data: subscribe,100%,2"]);
  const pattern = await open("/psubscribe/ch*", "GET");
  expect(await pattern.next()).toBe("data: psubscribe,ch*,1");
  expect(await direct.publish("chat", "hello, you")).toBe(2);
  expect(await channel.next()).toBe("data: message,chat,hello, you");
  expect(await pattern.next()).toBe("data: pmessage,ch*,chat,hello, you");
  channel.close();
  pattern.close();
  await expect.poll(() => direct.publish("chat", "anyone?")).toBe(0);
});

test("a message of several lines can't pretend to be another event", async () => {
  const stream = await open("/subscribe/lines");
  await stream.next();
  await direct.publish("lines", "one\nmessage,lines,two");
  expect(await stream.next()).toBe("data: message,lines,one\ndata:message,lines,two");
  stream.close();
});

test("a long message is sent as it came from Redis, unless it has several lines or is no UTF-8", async () => {
  const stream = await open("/subscribe/long");
  await stream.next();
  const long = "ü".repeat(20_000);
  for (const [bytes, text] of [
    [Buffer.from(long), long],
    [Buffer.from(`${long}\n${long}`), `${long}\ndata:${long}`],
    [Buffer.from(`${long}\r${long}`), `${long}\ndata:${long}`],
    [Buffer.concat([Buffer.from(long), Buffer.from([0xc3, 0x28])]), `${long}\ufffd(`],
  ] as const) {
    await direct.publish("long", bytes);
    expect(await stream.next()).toBe(`data: message,long,${text}`);
  }
  stream.close();
});

test("monitor begins with OK and shows each command as Redis prints it", async () => {
  const stream = await open("/monitor");
  expect(await stream.next()).toBe('data: "OK"');
  await direct.set("quote", 'say "hi"\n');
  expect(await stream.next()).toMatch(/^data: \d+\.\d+ \[0 127\.0\.0\.1:\d+\] "set" "quote" "say \\"hi\\"\\n"$/);
  stream.close();
});

test("a stream ends when Redis goes away, instead of losing messages silently", async () => {
  const stream = await open("/subscribe/short");
  await stream.next();
  await rest.privateRedis?.kill();
  expect(await stream.next()).toBeUndefined();
  await rest.privateRedis?.restart();
});

test("the official client subscribes and unsubscribes", async () => {
  const redis = new Redis({ url: rest.url, token: rest.token, retry: false });
  await expect.poll(() => redis.ping().catch(() => "")).toBe("PONG");
  const subscriber = redis.subscribe<{ text: string }>("room");
  const received: unknown[] = [];
  const subscribed = new Promise((resolve) => subscriber.on("subscribe", resolve));
  const got = new Promise<void>((resolve) => {
    subscriber.on("message", ({ channel, message }) => resolve(void received.push([channel, message])));
  });
  await subscribed;
  expect(await redis.publish("room", { text: "grüße" })).toBe(1);
  await got;
  expect(received).toEqual([["room", { text: "grüße" }]]);
  await subscriber.unsubscribe();
  await expect.poll(() => redis.publish("room", "x")).toBe(0);
});

test("a subscriber that reads gets each of many messages, in their order", async () => {
  const stream = await open("/subscribe/many");
  await stream.next();
  const script = "for i = 1, 1000 do redis.call('PUBLISH', 'many', ARGV[1] .. ' ' .. i .. ' ' .. ARGV[2]) end";
  const filling = "x".repeat(500);
  // Less at once than what a client may lag by.
  for (let burst = 1; burst <= 10; burst += 1) {
    await direct.eval(script, 0, burst, filling);
    const received: (string | undefined)[] = [];
    while (received.length < 1000) received.push(await stream.next());
    expect(received).toEqual(Array.from({ length: 1000 }, (_, i) => `data: message,many,${burst} ${i + 1} ${filling}`));
  }
  stream.close();
});

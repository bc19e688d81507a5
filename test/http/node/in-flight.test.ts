import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createLimiter, inFlight, memoryStore } from "sluice";
import { rateLimit } from "sluice/node";
import { afterEach, expect, test } from "vitest";

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server with one place, whose responses are begun and stay open until they are told to end. */
async function oneAtATime() {
  const limiter = createLimiter({
    name: "slots",
    store: memoryStore(),
    policies: [inFlight({ limit: 1, hold: "1 m" })],
  });
  const limit = rateLimit({ limiter, key: () => "k" });
  const open: ServerResponse[] = [];
  const server = createServer((request, response) => {
    limit(request, response, () => {
      response.write("begun");
      open.push(response);
    });
  });
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { open, limiter, ask: (init?: RequestInit) => fetch(`http://127.0.0.1:${port}/`, init) };
}

test("a place is kept until the response has been sent", async () => {
  const { open, ask } = await oneAtATime();
  const first = await ask();
  expect(first.status).toBe(200);
  const denied = await ask();
  expect(denied.status).toBe(429);
  expect(denied.headers.get("RateLimit-Policy")).toContain('qu="concurrent-requests"');
  const [response] = open as [ServerResponse];
  const closed = once(response, "close");
  response.end("over");
  expect(await first.text()).toBe("begunover");
  await closed;
  expect((await ask()).status).toBe(200);
});

test("and no longer than its client stays", async () => {
  const { open, ask } = await oneAtATime();
  const leaving = new AbortController();
  expect((await ask({ signal: leaving.signal })).status).toBe(200);
  const [response] = open as [ServerResponse];
  const closed = once(response, "close");
  leaving.abort();
  await closed;
  expect((await ask()).status).toBe(200);
});

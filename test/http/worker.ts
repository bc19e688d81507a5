// The Worker of workerd.test.ts: both shapes, made at module scope, counting in the isolate.
import { Hono } from "hono";
import { createLimiter, fixedWindow, memoryStore } from "sluice";
import { rateLimitOf, withRateLimit } from "sluice/fetch";
import { clientIp, rateLimit } from "sluice/hono";

const pair = () =>
  createLimiter({
    name: "test",
    store: memoryStore(),
    policies: [fixedWindow({ name: "pair", limit: 2, window: "1 d" })],
  });
const logins = pair();

function upgrade(): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.addEventListener("message", ({ data }) => server.send(`echo ${data}`));
  return new Response(null, { status: 101, webSocket: client } as ResponseInit);
}

declare const WebSocketPair: new () => { 0: WebSocket; 1: WebSocket & { accept(): void } };

const app = new Hono()
  .use("/hono/*", rateLimit({ limiter: pair }))
  .get("/hono/ip", (c) => c.text(clientIp(c)))
  .get("/hono/socket", upgrade)
  .get("/hono/upstream", () => fetch("http://upstream.test/"))
  .use("/login", rateLimit({ limiter: logins, key: () => "all", refundOn: (response) => response.ok }))
  .get("/login", (c) => c.text("in", c.req.query("right") ? 200 : 401))
  .get("/left", async (c) => c.json(await logins.peek("all")));

const plain = withRateLimit(
  (request: Request, _env: unknown, _ctx: unknown) => {
    if (request.url.endsWith("/socket")) return upgrade();
    return request.url.endsWith("/upstream") ? fetch("http://upstream.test/") : Response.json(rateLimitOf(request));
  },
  { limiter: pair },
);

export default {
  fetch: (request: Request, env: unknown, ctx: { waitUntil(task: Promise<unknown>): void }) =>
    new URL(request.url).pathname.startsWith("/fetch/")
      ? plain(request, env, ctx)
      : app.fetch(request, env as object, ctx as never),
};

import { Elysia } from "elysia";
import { createLimiter, memoryStore, tokenBucket } from "sluice";
import { clientIp, withRateLimit } from "sluice/fetch";

const limiter = createLimiter({
  name: "api",
  store: memoryStore(),
  policies: [tokenBucket({ limit: 5, window: "10 s" })],
});

const app = new Elysia().get("/hello", () => "Hello");

/** For `Bun.serve`, which passes the server that knows the client's address. */
export const server = {
  fetch: withRateLimit((request: Request, _server: unknown) => app.handle(request), { limiter, key: clientIp }),
};

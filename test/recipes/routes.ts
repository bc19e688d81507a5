import { Hono } from "hono";
import { createLimiter, fixedWindow, memoryStore, tokenBucket } from "sluice";
import { clientIp, compose, rateLimit } from "sluice/hono";

const store = memoryStore();
const api = createLimiter({ name: "api", store, policies: [tokenBucket({ limit: 100, window: "1 m" })] });
const writes = createLimiter({ name: "writes", store, policies: [tokenBucket({ limit: 20, window: "1 m" })] });
const reports = createLimiter({ name: "reports", store, policies: [fixedWindow({ limit: 3, window: "1 h" })] });

const isRead = (method: string) => method === "GET" || method === "HEAD";

/** What a request costs of the one quota for all routes: a search is as dear as ten items. */
const costOf = (path: string) => (path.startsWith("/api/search") ? 10 : 1);

export const app = new Hono();
app.use("/api/*", rateLimit({ limiter: api, key: clientIp, cost: (c) => costOf(c.req.path) }));
app.use("/api/*", rateLimit({ limiter: writes, variable: "writes", key: clientIp, skip: (c) => isRead(c.req.method) }));
// A quota for each report, by its number: the route decides what numbers there are.
app.post(
  "/api/reports/:id{[1-9]}",
  rateLimit({ limiter: reports, variable: "reports", key: compose(clientIp, (c) => c.req.param("id")) }),
);
app.all("/api/*", (c) => c.text(`${c.req.method} ${c.req.path}\n`));

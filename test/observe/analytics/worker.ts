// The Worker of workerd.test.ts: a limiter that counts in the isolate, with analytics behind the answers of its middleware.
import { Hono } from "hono";
import { createLimiter, fixedWindow, type Limiter, memoryStore } from "sluice";
import { analytics } from "sluice/analytics";
import { rateLimit } from "sluice/hono";
import { upstashClient } from "sluice/upstash";

interface Env {
  Bindings: { url: string; token: string; namespace: string };
}

let clock = 0;

function limiterFrom({ url, token, namespace }: Env["Bindings"]): Limiter {
  const now = () => clock;
  const onEvent = analytics({ redis: upstashClient({ url, token }), namespace, now });
  const policies = [fixedWindow({ name: "quota", limit: 50, window: "1 h" })];
  return createLimiter({ name: "worker", store: memoryStore(), policies, now, onEvent });
}

export default new Hono<Env>()
  .use(async (c, next) => {
    clock = Number(c.req.query("now"));
    await next();
  })
  .use(rateLimit<Env>({ limiter: (c) => limiterFrom(c.env), key: (c) => c.req.query("key") }))
  .get("/", (c) => c.text("served"));

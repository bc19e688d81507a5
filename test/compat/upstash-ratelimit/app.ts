import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis";
import { Hono } from "hono";

const redis = Redis.fromEnv();
const requests = new Ratelimit({
  redis,
  limiter: Ratelimit.slidingWindow(20, "1 m"),
  prefix: "app:requests",
  analytics: true,
});
const exports = new Ratelimit({ redis, limiter: Ratelimit.tokenBucket(1, "1 d", 3), prefix: "app:exports" });

export const app = new Hono<{ Variables: { user: string } }>();

app.use(async (c, next) => {
  c.set("user", c.req.header("x-user") ?? "nobody");
  const { success, limit, remaining, reset } = await requests.limit(c.get("user"));
  c.header("X-RateLimit-Limit", `${limit}`);
  c.header("X-RateLimit-Remaining", `${remaining}`);
  c.header("X-RateLimit-Reset", `${reset}`);
  return success ? next() : c.json({ error: "Too many requests" }, 429);
});
app.get("/", (c) => c.text("Hello"));
app.post("/export", async (c) => {
  const { success, reset } = await exports.limit(c.get("user"));
  if (success) return c.text("Exported");
  return c.json({ error: "Come back later" }, 429, { "Retry-After": `${Math.ceil((reset - Date.now()) / 1000)}` });
});

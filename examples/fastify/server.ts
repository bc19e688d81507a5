import fastify from "fastify";
import { createLimiter, redisStore, tokenBucket } from "sluice";
import { fastifyRateLimit } from "sluice/node";
import { upstashClient } from "sluice/upstash";

const {
  UPSTASH_REDIS_REST_URL: url = "",
  UPSTASH_REDIS_REST_TOKEN: token = "",
} = process.env;

const limiter = createLimiter({
  name: "hello",
  store: redisStore(upstashClient({ url, token })),
  policies: [tokenBucket({ limit: 5, window: "10 s" })],
});

const app = fastify();
await app.register(fastifyRateLimit, { limiter });
app.get("/", async () => "Hello from Fastify\n");

const { PORT = 3000 } = process.env;
await app.listen({ port: Number(PORT) });

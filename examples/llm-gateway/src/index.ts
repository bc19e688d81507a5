import { type Context, Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { validator } from "hono/validator";
import { createLimiter, type Limiter, redisStore, slidingWindow } from "sluice";
import { bearer, rateLimit } from "sluice/hono";
import { upstashClient } from "sluice/upstash";
import { type Chat, chatOf, estimatedTokens, usedTokens } from "./tokens.js";

type Env = {
  Bindings: {
    UPSTASH_REDIS_REST_URL: string;
    UPSTASH_REDIS_REST_TOKEN: string;
    UPSTREAM_URL: string;
    API_KEYS: string;
  };
};

let limiter: Limiter | undefined;

function limiterOf(env: Env["Bindings"]): Limiter {
  limiter ??= createLimiter({
    name: "hello",
    store: redisStore(upstashClient({ url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN })),
    policies: [
      slidingWindow({ name: "requests", limit: 20, window: "1 m" }),
      slidingWindow({ name: "tokens", limit: 10_000, window: "1 d" }),
    ],
    // An unanswered store must not open the tap to a model that bills by the token.
    failureMode: "closed",
  });
  return limiter;
}

const key = bearer();

const app = new Hono<Env>();

// A quota by API key is only worth something behind a check that the key exists.
app.use(bearerAuth({ verifyToken: (token, c: Context<Env>) => c.env.API_KEYS.split(",").includes(token) }));

app.post(
  "/v1/chat/completions",
  validator("json", (body, c) => chatOf(body) ?? c.json({ error: "messages must be a list" }, 400)),
  rateLimit({
    limiter: (c: Context<Env>) => limiterOf(c.env),
    key,
    cost: async (c) => ({ requests: 1, tokens: estimatedTokens(await c.req.json<Chat>()) }),
    // The model gave no answer, so neither quota is used.
    refundOn: (response) => response.status >= 500,
  }),
  async (c) => {
    const chat = c.req.valid("json");
    const upstream = await fetch(c.env.UPSTREAM_URL, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...chat, stream: true, stream_options: { include_usage: true } }),
    });
    if (!upstream.ok || !upstream.body) return c.json({ error: `the model answered ${upstream.status}` }, 502);
    const [answer, copy] = upstream.body.tee();
    // Read to its end behind the response, even if the client has gone: the model bills what it has said.
    c.executionCtx.waitUntil(settle(limiterOf(c.env), (await key(c)) as string, estimatedTokens(chat), copy));
    return new Response(answer, { headers: { "content-type": "text/event-stream" } });
  },
);

app.get("/v1/usage", async (c) => c.json(await limiterOf(c.env).peek((await key(c)) as string, { cost: 0 })));

/** Books what the answer really used, against what was taken for it. Without a usage report the estimate stands. */
async function settle(limiter: Limiter, key: string, estimated: number, answer: ReadableStream<Uint8Array>) {
  const used = (await usedTokens(answer)) ?? estimated;
  if (used < estimated) await limiter.refund(key, { tokens: estimated - used });
  if (used > estimated) await limiter.charge(key, { tokens: used - estimated });
}

export default app;

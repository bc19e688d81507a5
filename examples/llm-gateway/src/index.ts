import { type Context, Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { validator } from "hono/validator";
import { fieldsOf } from "sluice/hono";
import {
  costOf,
  type Decision,
  type Env,
  type Keys,
  keysOf,
  limitsOf,
} from "./limits.js";
import { brokenAfter, chatOf, estimatedTokens, usedTokens } from "./tokens.js";

type App = { Bindings: Env; Variables: { keys: Keys } };

const app = new Hono<App>();

// A quota by API key is only worth something behind a check that the key exists.
app.use(
  bearerAuth({
    verifyToken(token, c: Context<App>) {
      const keys = keysOf(c.env, token);
      if (keys) c.set("keys", keys);
      return keys !== undefined;
    },
  }),
);

app.post(
  "/v1/chat/completions",
  validator(
    "json",
    (body, c) =>
      chatOf(body) ?? c.json({ error: "messages must be a list" }, 400),
  ),
  async (c) => {
    const chat = c.req.valid("json");
    const cost = costOf(1, estimatedTokens(chat));
    const reservation = await limitsOf(c.env).reserve(c.get("keys"), { cost });
    if (!reservation.allowed) return denied(c, reservation);
    const upstream = await answerOf(c.env, chat);
    if (!upstream?.body) {
      // The model gave no answer, so nothing is used, and nothing runs.
      await Promise.all([reservation.settle(0), reservation.release()]);
      return c.json({ error: "the model does not answer" }, 502);
    }
    const [answer, copy] = upstream.body.tee();
    // Read to its end behind the response, even if the client has gone: the model goes on, and bills what it has said. So long the
    // answer keeps its place. Without a usage report, as where the answer breaks off, the estimate stays spent.
    const book = async () => {
      const used = await usedTokens(reservation.through(copy));
      if (used !== undefined) await reservation.settle(costOf(1, used));
    };
    const booked = book();
    c.executionCtx.waitUntil(booked);
    // Workers end what runs behind a response that fails, so this one fails once all is booked.
    const body = brokenAfter(answer, booked);
    return new Response(body, {
      headers: {
        ...fieldsOf(reservation),
        "content-type": "text/event-stream",
      },
    });
  },
);

app.get("/v1/usage", async (c) =>
  c.json(await limitsOf(c.env).peek(c.get("keys"), { cost: 0 })),
);

/** The model's answer, if it begins one. */
async function answerOf(env: Env, chat: object): Promise<Response | undefined> {
  try {
    const response = await fetch(env.UPSTREAM_URL, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        ...chat,
        stream: true,
        stream_options: { include_usage: true },
      }),
    });
    return response.ok ? response : undefined;
  } catch {
    return undefined;
  }
}

function denied(c: Context, decision: Decision): Response {
  if (decision.source === "fallback")
    return c.json({ error: "try again later" }, 503, fieldsOf(decision));
  return c.json(
    { error: "quota exceeded", level: decision.level, policy: decision.policy },
    429,
    fieldsOf(decision),
  );
}

export default app;

import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { readBody } from "./body.ts";
import { parseCommand, parseCommands } from "./command.ts";
import { RestError } from "./errors.ts";
import type { RedisLink, Word } from "./redis-link.ts";
import { type Encoding, errorBody, isReplyError, type Reply, resultBody } from "./reply.ts";
import { createScriptTexts } from "./script-texts.ts";
import { bearerToken, createTokenCheck } from "./tokens.ts";

export interface AppOptions {
  readonly redis: RedisLink;
  readonly token: string;
  /** Largest request body in bytes. */
  readonly maxBodyBytes: number;
}

type Env = { Bindings: HttpBindings };

const JSON_HEADERS = { "content-type": "application/json" };

/** The HTTP side: routes, authorization and encodings of the Upstash REST contract. */
export function createApp({ redis, token, maxBodyBytes }: AppOptions): Hono<Env> {
  const scripts = createScriptTexts();
  const isToken = createTokenCheck(token);

  const run = async (words: readonly Word[]): Promise<Reply> => {
    const { command, onReply } = scripts.translate(words);
    const reply = await redis.send(command);
    return onReply ? onReply(reply) : reply;
  };

  const app = new Hono<Env>();
  app.use(async (c, next) => {
    if (isToken(bearerToken(c.env.incoming.headers.authorization))) return next();
    throw new RestError(401, "WRONGPASS invalid or missing auth token");
  });
  app.post("/", async (c) => {
    const command = parseCommand(await readBody(c.env.incoming, maxBodyBytes));
    return c.body(resultBody(await run(command), encodingOf(c)), 200, JSON_HEADERS);
  });
  app.post("/pipeline", async (c) => {
    const commands = parseCommands(await readBody(c.env.incoming, maxBodyBytes));
    const encoding = encodingOf(c);
    // Sent at once and in order: one connection, so Redis runs them in this order.
    const bodies = commands.map((command) =>
      run(command).then(
        (reply) => resultBody(reply, encoding),
        (error: unknown) => {
          if (isReplyError(error)) return errorBody(error.message);
          throw error;
        },
      ),
    );
    return c.body(`[${(await Promise.all(bodies)).join(",")}]`, 200, JSON_HEADERS);
  });
  app.onError((error, c) => {
    if (isReplyError(error)) return c.body(errorBody(error.message), 400, JSON_HEADERS);
    if (error instanceof RestError) return c.body(errorBody(error.message), error.status, JSON_HEADERS);
    return c.body(errorBody("ERR internal error"), 500, JSON_HEADERS);
  });
  return app;
}

function encodingOf(c: Context<Env>): Encoding {
  return c.env.incoming.headers["upstash-encoding"] === "base64" ? "base64" : "text";
}

import { misuse } from "../core/misuse.ts";
import { createPipeline } from "./pipeline.ts";
import type { RedisClient } from "./redis-client.ts";
import { jsonIn } from "./reply-body.ts";
import { resultOf } from "./rest-reply.ts";
import type { Command } from "./shared-scripts.ts";

export interface UpstashClientOptions {
  /** `UPSTASH_REDIS_REST_URL`, or the URL that `sluice redis-rest` prints. */
  url: string;
  /** `UPSTASH_REDIS_REST_TOKEN`: ASCII without spaces. */
  token: string;
  /**
   * Calls made while two HTTP requests are under way share the next one: several times the throughput for a server that
   * outlives its requests (Node, Bun, Deno). Not for Workers, where no request may wait for another's answer.
   * Default `false`.
   */
  pipeline?: boolean | undefined;
}

/** Sends one command; ends with `signal`. */
type Send = (command: Command, signal: AbortSignal | undefined) => Promise<unknown>;

/**
 * What a rate limiter needs of the Upstash REST API and no more: `EVALSHA`, `EVAL` and `DEL` as JSON over `fetch`. It
 * never retries (a consume whose answer got lost would count twice), and a check given up on ends its HTTP request.
 * Throws a `TypeError` that names the option.
 */
export function upstashClient({ url, token, pipeline = false }: UpstashClientOptions): RedisClient {
  checkPresent("url", url);
  checkPresent("token", token);
  if (typeof url !== "string" || !/^https?:\/\/\S+$/.test(url)) {
    throw misuse("url", "an http or https URL", url);
  }
  if (typeof token !== "string" || !/^[!-~]+$/.test(token)) throw new TypeError("token must be ASCII without spaces");
  const root = url.replace(/\/+$/, "");
  // Made once: fetch would check and copy a plain object anew for every request.
  // biome-ignore lint/style/noRestrictedGlobals: this store's Redis is reached over HTTP; nothing else here is.
  const headers = new Headers({ authorization: `Bearer ${token}`, "content-type": "application/json" });

  async function post(path: string, body: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    const init = { method: "POST", headers, body: JSON.stringify(body), signal: signal ?? null };
    // biome-ignore lint/style/noRestrictedGlobals: this store's Redis is reached over HTTP; nothing else here is.
    return jsonIn(await fetch(root + path, init));
  }

  const send: Send = pipeline
    ? createPipeline((commands, signal) => post("/pipeline", commands, signal))
    : (command, signal) => post("/", command, signal).then(resultOf);

  const client = (signal?: AbortSignal): RedisClient => ({
    evalsha: (sha1, keys, args) => send(["EVALSHA", sha1, keys.length, ...keys, ...args], signal),
    eval: (script, keys, args) => send(["EVAL", script, keys.length, ...keys, ...args], signal),
    del: (key) => send(["DEL", key], signal),
    withSignal: client,
  });
  return client();
}

/** Most often the variable is not there, since nothing has read `.env`; an empty one stands for none. */
function checkPresent(option: "url" | "token", value: unknown): void {
  if (value !== undefined && value !== "") return;
  const name = `UPSTASH_REDIS_REST_${option.toUpperCase()}`;
  const places = "in the environment, .env or wrangler's .dev.vars";
  throw new TypeError(`${option} must be the value of ${name}, which is not set: look ${places}`);
}

import { FLAGS, type Script } from "../algorithm/scripts.ts";
import { misuse } from "../core/misuse.ts";
import { checkedName } from "../core/name.ts";
import type { RedisClient } from "./redis-client.ts";
import { errorCode, errorText, redisError } from "./redis-error.ts";
import { stepReply } from "./step-reply.ts";
import type { RemoteStore, StepReply, StepRequest } from "./store.ts";

export interface RedisStoreOptions {
  /**
   * Whose clock counts: this isolate's (`"isolate"`, the default: deterministic scripts, nothing billed) or that of Redis
   * (`"redis"`: one `TIME` more in each script, for isolates whose clocks can't be trusted).
   */
  clock?: "isolate" | "redis" | undefined;
  /**
   * Stands before every key, as in `"staging"`, for applications or stages that share a database: 1 to 64 letters, digits,
   * dots, dashes or underscores. Default: none.
   */
  namespace?: string | undefined;
}

/** Stands for "ask Redis for the time" where a script takes the time. */
const REDIS_TIME = -1;

/**
 * What a server says that does not compile a script because of the flags line, so that nothing has run: something about
 * the flag, or about the line's `#`. It says so before it quotes anything, since keys may contain anything.
 */
const NOT_COMPILED = /^[^']*(shebang|(un\w+|invalid) flag|near '#)/i;

/**
 * State in Redis, through any client with `evalsha`, `eval` and `del` as in `@upstash/redis`. A check is one `EVALSHA`;
 * `EVAL` follows only where Redis doesn't know the script yet. Nothing is retried. Give the client
 * `{ retry: { retries: 0 }, enableAutoPipelining: false }`, or make it with `upstashClient` from `sluice/upstash`, or over
 * TCP with `ioredisClient` from `sluice/ioredis` or `nodeRedisClient` from `sluice/node-redis`.
 */
export function redisStore(
  redis: RedisClient,
  { clock = "isolate", namespace }: RedisStoreOptions = {},
): Required<RemoteStore> {
  for (const method of ["evalsha", "eval", "del"] as const) {
    if (typeof redis?.[method] !== "function") throw new TypeError(`redis must have the method ${method}`);
  }
  const ownClock = clock !== "isolate";
  if (ownClock && clock !== "redis") {
    throw misuse("clock", '"isolate" or "redis"', clock, true);
  }
  // No limiter's name has a slash, so no key of one namespace is a key of another, or of none.
  const before = namespace === undefined ? "" : `${checkedName("namespace", namespace)}/`;
  // Upstash locks single keys for a script with this flag; stock Redis refuses it, once.
  let flagged = true;

  async function run(script: Script, keys: string[], args: string[], signal: AbortSignal): Promise<unknown> {
    const client = redis.withSignal?.(signal) ?? redis;
    const asked = flagged;
    try {
      return await client.evalsha(asked ? script.flaggedSha1 : script.sha1, keys, args);
    } catch (error) {
      if (errorCode(error) !== "NOSCRIPT") throw error;
    }
    // Nobody waits for the answer any more, so nothing may be taken.
    signal.throwIfAborted();
    try {
      return await client.eval(asked ? `${FLAGS}\n${script.text}` : script.text, keys, args);
    } catch (error) {
      if (!asked || !NOT_COMPILED.test(errorText(error))) throw error;
    }
    flagged = false;
    signal.throwIfAborted();
    return run(script, keys, args, signal);
  }

  async function ask(script: Script, keys: readonly string[], args: string[], signal: AbortSignal): Promise<unknown> {
    try {
      return await run(
        script,
        keys.map((key) => before + key),
        args,
        signal,
      );
    } catch (error) {
      throw redisError(error, signal);
    }
  }

  return {
    remote: true,
    clock: ownClock ? "store" : "limiter",

    async step(request: StepRequest, signal: AbortSignal): Promise<StepReply> {
      const { program, key, now, demands } = request;
      const args = program.args(ownClock ? REDIS_TIME : now, demands);
      return stepReply(request, await ask(program.script, [key], args, signal), ownClock);
    },

    run: ask,

    async reset(key: string, signal: AbortSignal): Promise<void> {
      try {
        await (redis.withSignal?.(signal) ?? redis).del(before + key);
      } catch (error) {
        throw redisError(error, signal);
      }
    },
  };
}

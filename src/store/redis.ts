import type { Program } from "../algorithm/program.js";
import { FLAGS, type Script } from "../algorithm/scripts.js";
import { StoreError } from "../core/errors.js";
import { shown } from "../core/whole-number.js";
import type { RedisClient } from "./redis-client.js";
import { errorText, redisError } from "./redis-error.js";
import type { RemoteStore, StepReply, StepRequest } from "./store.js";

export interface RedisStoreOptions {
  /**
   * Whose clock counts: this isolate's (`"isolate"`, the default: deterministic scripts, nothing billed) or that of Redis
   * (`"redis"`: one `TIME` more in each script, for isolates whose clocks can't be trusted).
   */
  clock?: "isolate" | "redis";
}

/** Stands for "ask Redis for the time" where a script takes the time. */
const REDIS_TIME = -1;

/**
 * State in Redis, through any client with `evalsha`, `eval` and `del` as in `@upstash/redis`. A check is one `EVALSHA`;
 * `EVAL` follows only where Redis doesn't know the script yet. Nothing is retried. Give the client
 * `{ retry: { retries: 0 }, enableAutoPipelining: false }`, or make it with `upstashClient` from `sluice/upstash`.
 */
export function redisStore(redis: RedisClient, { clock = "isolate" }: RedisStoreOptions = {}): RemoteStore {
  for (const method of ["evalsha", "eval", "del"] as const) {
    if (typeof redis?.[method] !== "function") throw new TypeError(`redis must be a client with the method ${method}`);
  }
  if (clock !== "isolate" && clock !== "redis") {
    throw new RangeError(`clock must be "isolate" or "redis", not ${shown(clock)}`);
  }
  // Upstash locks single keys for a script with this flag; stock Redis refuses it, once.
  let flagged = true;

  async function run(client: RedisClient, script: Script, key: string, args: string[]): Promise<unknown> {
    const asked = flagged;
    try {
      return await client.evalsha(asked ? script.flaggedSha1 : script.sha1, [key], args);
    } catch (error) {
      if (!errorText(error).includes("NOSCRIPT")) throw error;
    }
    try {
      return await client.eval(asked ? `${FLAGS}\n${script.text}` : script.text, [key], args);
    } catch (error) {
      if (!asked || !/unexpected flag/i.test(errorText(error))) throw error;
    }
    flagged = false;
    return run(client, script, key, args);
  }

  const clientFor = (signal: AbortSignal) => redis.withSignal?.(signal) ?? redis;

  return {
    remote: true,
    clock: clock === "redis" ? "store" : "limiter",

    async step({ program, key, now, demands }: StepRequest, signal: AbortSignal): Promise<StepReply> {
      const args = program.args(clock === "redis" ? REDIS_TIME : now, demands);
      try {
        return stepReply(program, await run(clientFor(signal), program.script, key, args));
      } catch (error) {
        throw redisError(error, signal);
      }
    },

    async reset(key: string, signal: AbortSignal): Promise<void> {
      try {
        await clientFor(signal).del(key);
      } catch (error) {
        throw redisError(error, signal);
      }
    },
  };
}

function stepReply(program: Program, reply: unknown): StepReply {
  if (Array.isArray(reply)) {
    // Clients differ in whether they turn strings of digits into numbers.
    const numbers = reply.map((part: unknown) => (typeof part === "string" && part !== "" ? Number(part) : part));
    const [allowed, ...state] = numbers as number[];
    const whole = state.every((n) => Number.isSafeInteger(n) && n >= 0);
    if ((allowed === 0 || allowed === 1) && whole && program.isState(state)) return { allowed: allowed === 1, state };
  }
  throw new StoreError("reply", "Redis answered a script with something else than its reply");
}

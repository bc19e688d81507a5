import { inspect } from "node:util";
import { createLimiter, type Decision, type LimiterOptions, redisStore, type StoreError, tokenBucket } from "sluice";
import { upstashClient } from "sluice/upstash";
import { expect } from "vitest";
import * as scripts from "../../src/algorithm/scripts.ts";
import { createRedisRest, type RedisRest } from "../../src/server/rest/server.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";

/** The deadline where it is due to pass; until then the request has to be there, on a busy machine, too. */
export const TIMEOUT_MS = 500;

/** The deadline where it must not pass, however busy the machine is. */
export const PATIENCE_MS = 60_000;

/** Like `expect.poll`, for as long as it takes on a busy machine. */
export const eventually = <T>(look: () => T) => expect.poll(look, { timeout: PATIENCE_MS / 2 });

export const LIMIT = 10;

/** Ten a day, so that no token comes back while a test runs. */
export const policy = tokenBucket({ limit: LIMIT, window: "1 d" });

export interface Rig {
  readonly rest: RedisRest;
  readonly proxy: FaultProxy;
  /** A limiter behind the proxy. */
  limiter(options?: Partial<LimiterOptions>): ReturnType<typeof createLimiter>;
  /** What the store has counted for a key, past the proxy. */
  counted(key: string): Promise<number>;
  close(): Promise<void>;
}

/** A private Redis, the REST server, and the proxy between that and the limiters. */
export async function startRig(): Promise<Rig> {
  const rest = await createRedisRest();
  const proxy = await startFaultProxy(rest.url);
  const store = (url: string) => redisStore(upstashClient({ url, token: rest.token }));
  const direct = createLimiter({ name: "test", store: store(rest.url), policies: [policy], snapshots: false });
  return {
    rest,
    proxy,
    limiter: (options) =>
      createLimiter({
        name: "test",
        store: store(proxy.url),
        policies: [policy],
        timeoutMs: PATIENCE_MS,
        snapshots: false,
        breaker: false,
        ...options,
      }),
    async counted(key) {
      const decision = await direct.peek(key);
      if (decision.source !== "store") throw new Error(`the store could not be asked: ${decision.source}`);
      return LIMIT - decision.remaining;
    },
    async close() {
      await proxy.close();
      await rest.close();
    },
  };
}

/** No text of the error, however it is printed, holds the token, the key, or a piece of a script. */
export function expectNoSecrets(error: StoreError | undefined, secrets: readonly string[]): void {
  expect(error).toBeInstanceOf(Error);
  expect(error?.cause).toBeUndefined();
  const printed = [error?.message, error?.stack, inspect(error, { depth: 9 }), JSON.stringify(error)].join("\n");
  for (const secret of secrets) expect(printed).not.toContain(secret);
  for (const script of Object.values(scripts)) {
    if (typeof script === "string") continue;
    for (const part of [script.sha1, script.flaggedSha1, script.text.slice(0, 40)]) expect(printed).not.toContain(part);
  }
}

/** A decision as what matters of it here. */
export function outline(decision: Decision) {
  const { source, allowed, error } = decision;
  return { source, allowed, kind: error?.kind };
}

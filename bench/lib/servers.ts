import { fork } from "node:child_process";
import { once } from "node:events";
import { Redis } from "ioredis";
import { type PrivateRedis, startPrivateRedis } from "../../src/server/redis/private-redis.ts";
import { bundleForNode } from "./bundle.ts";

/** Where the subjects of a run find Redis. */
export interface Servers {
  readonly redisUrl: string;
  readonly url: string;
  readonly token: string;
  readonly redisVersion: string;
  stop(): Promise<void>;
}

/** A Redis, and a REST server in a process of its own: it shares no event loop with who is measured. */
export async function startServers(): Promise<Servers> {
  const redis: PrivateRedis = await startPrivateRedis({ install: true, say: console.error });
  const child = fork(await bundleForNode("bench/lib/rest-process.ts"), [redis.url], { execArgv: [] });
  const [{ url, token }] = (await once(child, "message")) as [{ url: string; token: string }];
  const client = new Redis(redis.url);
  const redisVersion = /redis_version:(\S+)/.exec(await client.info("server"))?.[1] ?? "unknown";
  client.disconnect();
  return {
    redisUrl: redis.url,
    url,
    token,
    redisVersion,
    async stop() {
      child.disconnect();
      await once(child, "exit");
      await redis.stop();
    },
  };
}

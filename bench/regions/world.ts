import { Redis } from "ioredis";
import { type PrivateRedis, startPrivateRedis } from "../../src/server/redis/private-redis.ts";
import { createRedisRest } from "../../src/server/rest/server.ts";
import { startTcpProxy, type TcpProxy } from "../../test/support/tcp-proxy.ts";
import { readStats, resetStats } from "../lib/command-stats.ts";

/** Ms from where the callers of the first part are to the three databases and back. */
export const ROUND_TRIPS_MS = { near: 2, far: 80, farther: 150 } as const;
export type Place = keyof typeof ROUND_TRIPS_MS;
export const PLACES = Object.keys(ROUND_TRIPS_MS) as Place[];

/** A Redis over REST, seen from the places that callers are in. */
export interface Database {
  /** By the place of the caller: nearer from its own. */
  readonly urls: Readonly<Record<Place, string>>;
  readonly token: string;
  readonly proxies: Readonly<Record<Place, TcpProxy>>;
  readonly redis: Redis;
  stop(): Promise<void>;
}

export type World = Readonly<Record<Place, Database>>;

/** Three databases; a caller in a place has a short way to its own and long ways to the others. */
export async function startWorld(): Promise<World> {
  const made = await Promise.all(PLACES.map(async (place) => [place, await startDatabase(place)] as const));
  return Object.fromEntries(made) as Record<Place, Database>;
}

async function startDatabase(place: Place): Promise<Database> {
  const server: PrivateRedis = await startPrivateRedis({ install: true, say: console.error });
  const rest = await createRedisRest({ redis: server.url });
  const ways = await Promise.all(
    PLACES.map(async (from) => {
      const proxy = await startTcpProxy(Number(new URL(rest.url).port));
      proxy.delayMs = delayMs(from, place);
      return [from, proxy] as const;
    }),
  );
  const redis = new Redis(server.url);
  return {
    urls: Object.fromEntries(ways.map(([from, { port }]) => [from, `http://127.0.0.1:${port}`])) as Record<
      Place,
      string
    >,
    token: rest.token,
    proxies: Object.fromEntries(ways) as Record<Place, TcpProxy>,
    redis,
    async stop() {
      redis.disconnect();
      await Promise.all(ways.map(([, proxy]) => proxy.close()));
      await rest.close();
      await server.stop();
    },
  };
}

/** From everywhere the own database is near, and the others are as far as from the first place. */
function delayMs(from: Place, to: Place): number {
  if (from === to) return ROUND_TRIPS_MS.near;
  return Math.max(ROUND_TRIPS_MS[from], ROUND_TRIPS_MS[to]);
}

/** Commands that were billed in all databases meanwhile. */
export async function billedIn(world: World, task: () => Promise<unknown>): Promise<number> {
  const all = PLACES.map((place) => world[place].redis);
  await Promise.all(all.map(resetStats));
  await task();
  const stats = await Promise.all(all.map(readStats));
  return stats.reduce((sum, { billed }) => sum + billed, 0);
}

import { withoutPassword } from "../../src/server/rest/redis/address.ts";
import { createRedisRest, type RedisRest } from "../../src/server/rest/server.ts";

/** Told what happens, in lines. */
type Say = (line: string) => void;

/** So long stays a Redis away that ended by itself: long enough to watch what the Worker does without it. */
const OUTAGE_MS = 5000;

/** The REST server in front of `$REDIS_URL`, or of a private Redis that is started again should it end. */
export async function startRedis(say: Say): Promise<RedisRest> {
  const { REDIS_URL } = process.env;
  const url = REDIS_URL || undefined;
  const rest = await createRedisRest({
    install: true,
    say,
    restartAfterMs: OUTAGE_MS,
    ...(url !== undefined && { redis: url }),
  });
  say(rest.privateRedis ? `a private one on port ${rest.privateRedis.port}` : withoutPassword(rest.redisUrl));
  return rest;
}

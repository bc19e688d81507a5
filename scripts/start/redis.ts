import { withoutPassword } from "../../src/redis-rest/redis-link.ts";
import { createRedisRest, type PrivateRedis, type RedisRest } from "../../src/redis-rest/server.ts";

/** Told what happens, in lines. */
type Say = (line: string) => void;

/** So long stays a Redis away that ended by itself: long enough to watch what the Worker does without it. */
const OUTAGE_MS = 5000;

/** The REST server in front of `$REDIS_URL`, or of a private Redis that is started again should it end. */
export async function startRedis(say: Say): Promise<RedisRest> {
  const { REDIS_URL } = process.env;
  const url = REDIS_URL || undefined;
  const rest = await createRedisRest({ say, ...(url !== undefined && { redis: url }) });
  if (rest.privateRedis) restartAfterOutages(rest.privateRedis, say);
  say(rest.privateRedis ? `a private one on port ${rest.privateRedis.port}` : withoutPassword(rest.redisUrl));
  return rest;
}

function restartAfterOutages(redis: PrivateRedis, say: Say): void {
  redis.onUnexpectedExit((reason) => {
    say(`${reason}: requests pass uncounted until it is back, in ${OUTAGE_MS / 1000} s`);
    setTimeout(restart, OUTAGE_MS);
  });
  function restart() {
    redis.restart().then(
      () => say("back, empty: requests are limited again"),
      (error: Error) => say(`${error.message}; end this with Ctrl-C and start again`),
    );
  }
}

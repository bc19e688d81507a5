// What a check costs inside Redis, alone and on the console: for work on the scripts.
import { startPrivateRedis } from "../src/server/redis/private-redis.ts";
import { FULL } from "./lib/pace.ts";
import { progress } from "./lib/progress.ts";
import { type RedisSideRow, redisSide } from "./redis-side/section.ts";

const server = await startPrivateRedis({ install: true, say: console.error });
const { say, end } = progress();
const rows = await redisSide({ redisUrl: server.url }, FULL, say);
end();
await server.stop();

console.table(
  rows.map(
    ({ name, algorithm, path, microsPerEvalsha: { median, low, high }, billedCommands, bytesPerIdentifier }) => ({
      algorithm,
      path,
      name,
      "µs per EVALSHA": median.toFixed(2),
      spread: `${low.toFixed(2)}–${high.toFixed(2)}`,
      "billed commands": billedCommands,
      "bytes per identifier": bytesPerIdentifier,
    }),
  ),
);
const sets = micros(["three policies"]);
const alone = micros(["token bucket", "sliding window", "fixed window"]);
console.log(
  `Three policies in one verdict take ${(sets / alone).toFixed(2)} of what their three scripts take together.`,
);

function micros(algorithms: readonly string[]): number {
  const own = ({ name, path, algorithm }: RedisSideRow) =>
    name === "sluice" && path === "allowed" && algorithms.includes(algorithm);
  return rows.filter(own).reduce((sum, row) => sum + row.microsPerEvalsha.median, 0);
}

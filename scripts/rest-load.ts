import { mixedLoad } from "../test/server/rest/mixed-load.ts";

// The long form of test/redis-rest/load.test.ts: `npm run test:rest-load [-- count]`, about two minutes on two cores.
const count = Number(process.argv[2] ?? 100_000);
const startMs = performance.now();
const { answered, disconnected, wrong, leakedToRedis, leakedFromClients } = await mixedLoad(count);
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
console.log(`${answered} answered, ${disconnected} cut off, in ${seconds} s`);
console.log(
  `${wrong.length} wrong answers; leaked: ${leakedToRedis} connections to Redis, ${leakedFromClients} from clients`,
);
for (const line of wrong.slice(0, 10)) console.log(line);
process.exitCode = wrong.length + leakedToRedis + leakedFromClients === 0 ? 0 : 1;

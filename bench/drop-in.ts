// `npm run bench:drop-in`: an app of thirty lines that imports @upstash/ratelimit, as it is and with that import switched to
// sluice/upstash-ratelimit, in turns on one Redis behind the REST server. Prints what it served, the commands that Redis carried
// out and the latencies, each as a part of what the app took before.
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { build } from "esbuild";
import { Redis } from "ioredis";
import { type Served, traffic } from "./drop-in/traffic.ts";
import { root } from "./lib/bundle.ts";
import { readStats, resetStats } from "./lib/command-stats.ts";
import { startServers } from "./lib/servers.ts";
import { median, quantile } from "./lib/statistics.ts";

const ROUNDS = 5;
const MINUTE_MS = 60_000;

const bundles = { before: await bundled(false), after: await bundled(true) };
const servers = await startServers();
const redis = new Redis(servers.redisUrl);

/** The app as it is, or with its import switched and nothing else. */
async function bundled(switched: boolean): Promise<string> {
  const outfile = join(root, `node_modules/.cache/sluice-bench/drop-in-${switched ? "after" : "before"}.mjs`);
  const alias = { "@upstash/ratelimit": join(root, "src/compat/upstash-ratelimit/upstash-ratelimit.ts") };
  const entryPoints = [join(root, "bench/drop-in/process.ts")];
  await build({
    ...{ entryPoints, outfile, bundle: true, platform: "node", format: "esm" },
    // All that has an alias is bundled, the rest is as published.
    external: ["@hono/node-server", "hono", "@upstash/redis", ...(switched ? [] : ["@upstash/ratelimit"])],
    ...(switched && { alias }),
  });
  return outfile;
}

interface Round extends Served {
  readonly commands: number;
}

async function round(app: string): Promise<Round> {
  const env = { ...process.env, UPSTASH_REDIS_REST_URL: servers.url, UPSTASH_REDIS_REST_TOKEN: servers.token };
  const child = fork(app, { env, execArgv: [] });
  try {
    const [{ port }] = (await once(child, "message")) as [{ port: number }];
    const url = `http://127.0.0.1:${port}/`;
    // So that both know their scripts and are compiled.
    for (let i = 0; i < 200; i += 1) await (await fetch(url, { headers: { "x-user": `warm ${i % 7}` } })).text();
    // In one window, or what weighs from the one before would be part of it.
    const leftMs = MINUTE_MS - (Date.now() % MINUTE_MS);
    if (leftMs < MINUTE_MS / 2) await sleep(leftMs);
    await redis.flushdb();
    await resetStats(redis);
    const served = await traffic(url);
    return { ...served, commands: (await readStats(redis)).billed };
  } finally {
    child.disconnect();
    await once(child, "exit");
  }
}

const rounds: Record<keyof typeof bundles, Round[]> = { before: [], after: [] };
for (let i = 0; i < ROUNDS; i += 1) {
  for (const name of i % 2 ? (["after", "before"] as const) : (["before", "after"] as const)) {
    rounds[name].push(await round(bundles[name]));
  }
}

const first = rounds.before[0] as Round;
const same = [...rounds.before, ...rounds.after].every(({ statuses }) => isDeepStrictEqual(statuses, first.statuses));
const requests = first.admittedMs.length + first.deniedMs.length;
console.log(`${requests} requests, ${first.deniedMs.length} of them denied; the same statuses for each user: ${same}`);
const figures: Readonly<Record<string, (round: Round) => number>> = {
  "commands for each request": ({ commands }) => commands / requests,
  "admitted, median ms": ({ admittedMs }) => quantile(admittedMs, 0.5),
  "admitted, 99 % ms": ({ admittedMs }) => quantile(admittedMs, 0.99),
  "denied, median ms": ({ deniedMs }) => quantile(deniedMs, 0.5),
  "denied, 99 % ms": ({ deniedMs }) => quantile(deniedMs, 0.99),
};
for (const [name, figure] of Object.entries(figures)) {
  const [before, after] = [median(rounds.before.map(figure)), median(rounds.after.map(figure))];
  console.log(`${name}: ${before.toFixed(2)} before, ${after.toFixed(2)} after: ${(after / before).toFixed(2)}`);
}
redis.disconnect();
await servers.stop();
if (!same) process.exitCode = 1;

// `npm start`: Redis, the REST server in front of it, and the Worker of wrangler.toml, all on this machine. Ctrl-C ends
// everything.
import { ExpectedError } from "../src/server/errors.ts";
import type { RedisRest } from "../src/server/rest/server.ts";
import { forgetDemo, tellDemo } from "./start/demo-file.ts";
import { portFrom } from "./start/options.ts";
import { startRedis } from "./start/redis.ts";
import { type LocalWorker, prepareWorker } from "./start/worker.ts";

/** What takes longer to start than this is not waited for when all shall end. */
const PATIENCE_MS = 5000;

let worker: LocalWorker | undefined;
let rest: RedisRest | undefined;
let told: number | undefined;
let ending: Promise<void> | undefined;

// Ctrl-C comes twice: from the terminal, and from npm.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end(0));

const began = performance.now();
const starting = start().catch((error: unknown) => {
  if (ending) return;
  if (!(error instanceof ExpectedError)) throw error;
  console.error(`sluice: ${error.message}`);
  end(1);
});

async function start(): Promise<void> {
  const port = await portFrom(process.argv.slice(2));
  worker = prepareWorker((line) => console.log(line));
  rest = await startRedis((line) => say("Redis", line));
  say("REST", `${rest.url}, the Upstash REST API in front of it`);
  say("Worker", "starting under workerd");
  await worker.serve({
    port,
    secrets: {
      UPSTASH_REDIS_REST_URL: rest.url,
      UPSTASH_REDIS_REST_TOKEN: rest.token,
      DASHBOARD_HOSTS: `127.0.0.1:${port} localhost:${port}`,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  told = port;
  await tellDemo(port, { worker: url, url: rest.url, token: rest.token });
  welcome(url, rest);
  await worker.ended;
  throw new ExpectedError("the Worker's process has ended");
}

/** Ends what was started, the Worker first, then this process. */
function end(exitCode: number): void {
  ending ??= (async () => {
    await worker?.end();
    await Promise.race([starting, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    await rest?.close();
    if (told !== undefined) await forgetDemo(told);
    process.exit(exitCode);
  })();
}

function welcome(url: string, { privateRedis }: RedisRest): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`
  ${url}  (ready after ${seconds} s)

  See      ${url}/dashboard, what operators see; npm run demo:traffic gives it something to show
  Try      curl -i -H "x-api-key: me" ${url}/api/bucket${
    privateRedis ? `\n  Watch    redis-cli -u ${privateRedis.url} monitor` : ""
  }
  End      Ctrl-C
`);
}

function say(what: string, line: string): void {
  console.log(`  ${what.padEnd(8)} ${line}`);
}

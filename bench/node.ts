// `npm run bench:node`: Express and Fastify with Sluice beside the limiter that their users use (express-rate-limit with
// rate-limit-redis, @fastify/rate-limit), each server in a process of its own under autocannon. Prints requests per second as
// a part of the same server's without a limit, how many were admitted beyond the limit or too few, and the fields.
// Writes all of it to results/node.json, and RESULTS.md anew. It takes 5 min. `npm run bench:node -- Fastify` runs one of the servers and
// writes nothing.
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import autocannon from "autocannon";
import freePort from "get-port";
import { createRedisRest } from "../src/server/rest/server.ts";
import { measuredApart } from "./lib/apart.ts";
import { bundleForNode } from "./lib/bundle.ts";
import { median } from "./lib/statistics.ts";
import { LIMITS, type ServerOptions } from "./node/servers.ts";
import { FOLDER, report } from "./report/report.ts";
import type { NodeRows } from "./report/tables-apart.ts";

const ROUNDS = 3;
const SECONDS = 3;
const CONNECTIONS = 50;
/** More requests than a run can send. */
const PLENTY = 100_000_000;
const FEW = 1000;

const program = await bundleForNode("bench/node/process.ts");
const rest = await createRedisRest({ install: true });
let runs = 0;

/** Runs `task` with a server that is started for it. */
async function withServer<T>(
  options: Pick<ServerOptions, "framework" | "limit" | "most">,
  task: (url: string) => Promise<T>,
) {
  const port = await freePort();
  runs += 1;
  const all = JSON.stringify({ ...options, redisUrl: rest.redisUrl, prefix: `run${runs}`, port });
  const child = fork(program, [all], { execArgv: [] });
  try {
    await once(child, "message");
    return await task(`http://127.0.0.1:${port}`);
  } finally {
    child.kill();
  }
}

async function perSecond(url: string): Promise<number> {
  await autocannon({ url, connections: CONNECTIONS, duration: 1 });
  const { requests, errors } = await autocannon({ url, connections: CONNECTIONS, duration: SECONDS });
  if (errors > 0) throw new Error(`${errors} errors`);
  return requests.average;
}

/** How many of three times the limit were admitted, all sent at once. */
async function admitted(url: string): Promise<number> {
  const result = await autocannon({ url, connections: CONNECTIONS, amount: 3 * FEW });
  return result["2xx"];
}

/** The fields that tell of the limit, served and denied. */
async function fields(url: string): Promise<string> {
  const named = (response: Response) =>
    [...response.headers].filter(([name]) => /ratelimit|retry/.test(name)).map(([name, value]) => `${name}: ${value}`);
  const served = named(await fetch(url));
  const denied = await fetch(url);
  const type = denied.headers.get("Content-Type");
  return `served: ${served.join(" | ") || "none"}\n    denied: ${denied.status} ${type} | ${named(denied).join(" | ")}`;
}

/** What the limits add to a request in one process. */
async function inProcess(): Promise<NodeRows["inProcess"]> {
  const alone = await bundleForNode("bench/node/in-process.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [alone], { maxBuffer: 1e7 });
  return JSON.parse(stdout);
}

type Framework = ServerOptions["framework"];

async function measure(frameworks: readonly Framework[]): Promise<NodeRows["servers"]> {
  const rows: NodeRows["servers"][number][] = [];
  for (const framework of frameworks) {
    const serving = new Map<string, number[]>();
    const denying = new Map<string, number[]>();
    // Round after round, so that whatever else the machine does meets all of them.
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const limit of LIMITS) {
        const note = async (into: Map<string, number[]>, most: number) => {
          const speed = await withServer({ framework, limit, most }, perSecond);
          into.set(limit, [...(into.get(limit) ?? []), speed]);
        };
        await note(serving, PLENTY);
        if (limit !== "none") await note(denying, 1);
      }
    }
    const bare = median(serving.get("none") ?? []);
    const part = (speeds: number[] | undefined) => median(speeds ?? []) / bare;
    console.log(`\n${framework} (without a limit: 1)`);
    for (const limit of LIMITS.filter((limit) => limit !== "none")) {
      const wrong = (await withServer({ framework, limit, most: FEW }, admitted)) - FEW;
      const told = await withServer({ framework, limit, most: 1 }, fields);
      const row = { framework, limit, served: part(serving.get(limit)), denied: part(denying.get(limit)), wrong };
      rows.push({ ...row, fields: told });
      console.log(
        `  ${limit}: served ${row.served.toFixed(2)}, denied ${row.denied.toFixed(2)}, wrong decisions ${wrong}`,
      );
      console.log(`    ${told}`);
    }
  }
  return rows;
}

const chosen = process.argv[2];
try {
  if (chosen) await measure([chosen as Framework]);
  else {
    const { inProcess: micros } = await measuredApart("node", async () => ({
      inProcess: await inProcess(),
      servers: await measure(["Express", "Fastify"]),
    }));
    for (const [name, rounds] of Object.entries(micros)) console.log(`${name}: ${median(rounds).toFixed(1)} µs`);
    await report(FOLDER);
  }
} finally {
  await rest.close();
}

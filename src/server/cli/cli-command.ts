import { readFile } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import { ExpectedError } from "../errors.ts";
import { DEFAULT_LIMITS } from "../rest/limits.ts";
import { createRedisRest, type RedisRestOptions } from "../rest/server.ts";
import { createCommandLog } from "./command-log.ts";
import { writeEnvFile } from "./env-file.ts";

interface Flags {
  readonly port: number;
  readonly host: string;
  readonly redis?: string;
  readonly ca?: string;
  readonly token?: string;
  readonly readOnlyToken?: string;
  readonly envFile?: string;
  readonly writeEnv?: string;
  readonly verbose?: boolean;
  readonly maxRequestBytes: number;
  readonly maxReplyBytes: number;
  readonly maxCommands: number;
  readonly clientTimeout: number;
  readonly redisTimeout: number;
}

const EXAMPLES = `
Examples:
  sluice redis-rest                                  a private Redis, a random token, port 8079
  sluice redis-rest --env-file .dev.vars             the same, its URL and token written for wrangler
  sluice redis-rest --redis redis://localhost:6379   an existing Redis
  sluice redis-rest --redis redis+sentinel://localhost:26379/mymaster
  sluice redis-rest --redis redis+cluster://localhost:7000,localhost:7001

A token on the command line can be seen by other users of the machine; in the environment it can't.
Exit code: 0 after Ctrl-C or SIGTERM, 1 if the server can't start, or a wrong option.`;

/** The command `redis-rest`: a server in the foreground that one Ctrl-C ends. */
export function redisRestCommand(): Command {
  const limits = DEFAULT_LIMITS;
  return new Command("redis-rest")
    .description("Serve the Upstash REST API over a real Redis, on this machine.")
    .option("-p, --port <port>", "port to listen on, 0 for a free one", toPort, 8079)
    .option("--host <address>", "address to listen on; any but loopback needs a token of your own", "127.0.0.1")
    .option("--redis <url>", "running Redis to use (default: $REDIS_URL, else a private one is started)")
    .option("--ca <file>", "certificates (PEM) to trust for rediss:// URLs")
    .option("--token <token>", "token that clients send (default: $UPSTASH_REDIS_REST_TOKEN, else a random one)")
    .option(
      "--read-only-token <token>",
      "a second token that may only read (default: $UPSTASH_REDIS_REST_READONLY_TOKEN)",
    )
    .option("--env-file <file>", "write URL and token into this file, e.g. .dev.vars")
    .option("--write-env <file>", "the same; Node 20 itself reads --env-file too and wants that file to exist")
    .option("-v, --verbose", "print each command with its time")
    .option("--max-request-bytes <bytes>", "largest request", toCount, limits.maxRequestBytes)
    .option("--max-reply-bytes <bytes>", "largest answer", toCount, limits.maxReplyBytes)
    .option("--max-commands <count>", "most commands in a pipeline or transaction", toCount, limits.maxCommands)
    .option("--client-timeout <ms>", "how long a client may take to send a request", toCount, limits.clientTimeoutMs)
    .option("--redis-timeout <ms>", "how long Redis may take to answer", toCount, limits.redisTimeoutMs)
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments(false)
    .action((flags: Flags) => serve(flags).catch(fail));
}

async function serve(flags: Flags): Promise<void> {
  const server = await createRedisRest(await toOptions(flags));
  const ended = untilSignal();
  try {
    const variables = { UPSTASH_REDIS_REST_URL: server.url, UPSTASH_REDIS_REST_TOKEN: server.token };
    const file = flags.envFile ?? flags.writeEnv;
    if (file !== undefined) await writeEnvFile(file, variables);
    // Both lines at once, for who waits for them.
    console.log(
      Object.entries(variables)
        .map(([name, value]) => `${name}=${value}`)
        .join("\n"),
    );
    await ended;
  } finally {
    // Answers under way are finished; a second Ctrl-C ends at once.
    await server.close();
  }
}

async function toOptions(flags: Flags): Promise<RedisRestOptions> {
  const { REDIS_URL, UPSTASH_REDIS_REST_TOKEN, UPSTASH_REDIS_REST_READONLY_TOKEN } = process.env;
  const redis = flags.redis ?? REDIS_URL;
  const token = flags.token ?? UPSTASH_REDIS_REST_TOKEN;
  const readOnlyToken = flags.readOnlyToken ?? UPSTASH_REDIS_REST_READONLY_TOKEN;
  const say = (line: string) => console.error(`sluice: ${line}`);
  return {
    port: flags.port,
    host: flags.host,
    limits: {
      maxRequestBytes: flags.maxRequestBytes,
      maxReplyBytes: flags.maxReplyBytes,
      maxCommands: flags.maxCommands,
      clientTimeoutMs: flags.clientTimeout,
      redisTimeoutMs: flags.redisTimeout,
    },
    say,
    // An empty variable is one that is not set.
    ...(redis && { redis }),
    ...(token && { token }),
    ...(readOnlyToken && { readOnlyToken }),
    ...(flags.ca !== undefined && { tls: { ca: await readCertificates(flags.ca) } }),
    ...(flags.verbose && { onCommand: createCommandLog((line) => console.error(line)) }),
  };
}

async function readCertificates(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: Error) => {
    throw new ExpectedError(`can't read the certificates of --ca: ${error.message}`);
  });
}

function untilSignal(): Promise<unknown> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, resolve);
  });
}

function fail(error: unknown): void {
  if (!(error instanceof ExpectedError)) throw error;
  console.error(`sluice: ${error.message}`);
  process.exitCode = 1;
}

function toPort(value: string): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port > 65535) throw new InvalidArgumentError("A port is 0 to 65535.");
  return port;
}

function toCount(value: string): number {
  const count = Number(value);
  if (!/^\d+$/.test(value) || count < 1 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError("A whole number from 1 is due.");
  }
  return count;
}

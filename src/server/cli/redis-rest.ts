import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { ExpectedError } from "../errors.ts";
import { DEFAULT_LIMITS as limits } from "../rest/limits.ts";
import { createRedisRest, type RedisRestOptions } from "../rest/server.ts";
import { createCommandLog } from "./command-log.ts";
import { writeEnvFile } from "./env-file.ts";
import { runBeside } from "./run-beside.ts";
import { fail, untilEnded, wholeNumber } from "./shared.ts";

const EXAMPLES = `
Examples:
  sluice redis-rest                                  a private Redis, a random token, port 8079
  sluice redis-rest --write-env .env -- npm run dev  the same, its URL and token in .env, then a program beside it
  sluice redis-rest --redis redis://localhost:6379   an existing Redis
  sluice redis-rest --redis redis+sentinel://localhost:26379/mymaster
  sluice redis-rest --redis redis+cluster://localhost:7000,localhost:7001

A token on the command line can be seen by other users of the machine; in the environment it can't.
Exit code: 0 after Ctrl-C or SIGTERM, that of the program if there is one, 1 if the server can't start.`;

type Flags = ReturnType<ReturnType<typeof command>["opts"]>;

/** The command `redis-rest`: a server in the foreground that one Ctrl-C ends, or a program beside it. */
export function redisRestCommand(): CommandUnknownOpts {
  return command().action((program, flags) => serve(program, flags).catch(fail));
}

function command() {
  const token = new Option("--token <token>", "what clients send; default: random").env("UPSTASH_REDIS_REST_TOKEN");
  const reader = new Option("--read-only-token <token>", "a second one that may only read");
  const count = wholeNumber(1, Number.MAX_SAFE_INTEGER);
  return new Command("redis-rest")
    .description("Serve the Upstash REST API over a real Redis, on this machine.")
    .argument("[program...]", "started when all is ready, with URL and token in its environment; both end together")
    .option("-p, --port <port>", "port to listen on, 0 for a free one", wholeNumber(0, 65535), 8079)
    .option("--host <address>", "address to listen on; any but loopback needs a token of your own", "127.0.0.1")
    .addOption(new Option("--redis <url>", "running Redis to use; default: a private one").env("REDIS_URL"))
    .option("--ca <file>", "certificates (PEM) to trust for rediss:// URLs")
    .option("--install", "install Redis if this machine has none (a terminal is asked)")
    .addOption(token)
    .addOption(reader.env("UPSTASH_REDIS_REST_READONLY_TOKEN"))
    .option("--cors-origin <origin...>", "origins of web pages that may ask, * for all; default: none")
    .option("--write-env <file>", "write URL and token into this file when all is ready, e.g. .env or .dev.vars")
    .option("-v, --verbose", "print each command with its time")
    .option("--max-request-bytes <bytes>", "largest request", count, limits.maxRequestBytes)
    .option("--max-reply-bytes <bytes>", "largest answer", count, limits.maxReplyBytes)
    .option("--max-commands <count>", "most commands in a pipeline or transaction", count, limits.maxCommands)
    .option("--client-timeout <ms>", "how long a client may take to send a request", count, limits.clientTimeoutMs)
    .option("--redis-timeout <ms>", "how long Redis may take to answer", count, limits.redisTimeoutMs)
    .addHelpText("after", EXAMPLES);
}

async function serve(program: readonly string[], flags: Flags): Promise<void> {
  const server = await createRedisRest(await toOptions(flags));
  const ended = untilEnded();
  const env = { UPSTASH_REDIS_REST_URL: server.url, UPSTASH_REDIS_REST_TOKEN: server.token };
  try {
    const lines = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    if (flags.writeEnv !== undefined) await writeEnvFile(flags.writeEnv, lines);
    if (program.length > 0) process.exitCode = await runBeside(program, env, ended);
    else {
      // Both lines at once, for who waits for them.
      console.log(lines.join("\n"));
      await ended;
    }
  } finally {
    // Answers under way are finished; a second Ctrl-C ends at once.
    await server.close();
  }
}

async function toOptions({ redis, token, readOnlyToken, ca, verbose, ...flags }: Flags): Promise<RedisRestOptions> {
  const unreadable = (error: Error) => {
    throw new ExpectedError(`can't read the certificates of --ca: ${error.message}`);
  };
  return {
    port: flags.port,
    host: flags.host,
    install: flags.install ?? (process.stdin.isTTY && process.stdout.isTTY ? ask : false),
    corsOrigins: flags.corsOrigin ?? [],
    limits: { ...flags, clientTimeoutMs: flags.clientTimeout, redisTimeoutMs: flags.redisTimeout },
    say: (line) => console.error(`sluice: ${line}`),
    // An empty variable is one that is not set.
    ...(redis && { redis }),
    ...(token && { token }),
    ...(readOnlyToken && { readOnlyToken }),
    ...(ca !== undefined && { tls: { ca: await readFile(ca, "utf8").catch(unreadable) } }),
    ...(verbose && { onCommand: createCommandLog((line) => console.error(line)) }),
  };
}

async function ask(how: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`sluice: no Redis on this machine. ${how}? [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

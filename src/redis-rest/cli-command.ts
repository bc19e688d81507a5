import { Command, InvalidArgumentError } from "commander";
import { ExpectedError } from "./errors.ts";
import { createRedisRest } from "./server.ts";

interface Flags {
  readonly port: number;
  readonly host: string;
  readonly redis?: string;
  readonly token?: string;
}

/** The command `redis-rest`: a server in the foreground that one Ctrl-C ends. */
export function redisRestCommand(): Command {
  return new Command("redis-rest")
    .description("Serve the Upstash REST API over a real Redis, on this machine.")
    .option("-p, --port <port>", "port to listen on, 0 for a free one", toPort, 8079)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--redis <url>", "running Redis to use (default: $REDIS_URL, else a private one is started)")
    .option("--token <token>", "token that clients send (default: $UPSTASH_REDIS_REST_TOKEN, else a random one)")
    .action((flags: Flags) => serve(flags).catch(fail));
}

async function serve({ port, host, ...flags }: Flags): Promise<void> {
  const { REDIS_URL, UPSTASH_REDIS_REST_TOKEN } = process.env;
  const redis = flags.redis ?? (REDIS_URL || undefined);
  const token = flags.token ?? (UPSTASH_REDIS_REST_TOKEN || undefined);
  const server = await createRedisRest({
    port,
    host,
    say: (line) => console.error(`sluice: ${line}`),
    ...(redis !== undefined && { redis }),
    ...(token !== undefined && { token }),
  });
  console.log(`UPSTASH_REDIS_REST_URL=${server.url}\nUPSTASH_REDIS_REST_TOKEN=${server.token}`);
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, resolve);
  });
  await server.close();
  process.exitCode = signal === "SIGINT" ? 130 : 0;
}

function fail(error: unknown): void {
  if (!(error instanceof ExpectedError)) throw error;
  console.error(`sluice: ${error.message}`);
  process.exitCode = 1;
}

function toPort(value: string): number {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new InvalidArgumentError("A port is 0 to 65535.");
  return port;
}

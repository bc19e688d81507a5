import { type ChildProcessWithoutNullStreams as Child, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import getPort from "get-port";
import { ExpectedError } from "../errors.ts";
import { type RedisProgram, SERVER_NAME } from "./find-redis.ts";
import { ensureRedisProgram, type MayInstall, type Say } from "./install-redis.ts";

export interface PrivateRedisOptions {
  /** TCP port on 127.0.0.1; default: a free one. */
  readonly port?: number | undefined;
  /** More lines of redis.conf, e.g. `["maxmemory 64mb"]`. */
  readonly config?: readonly string[] | undefined;
  /** Whether Redis may be installed where it is missing; default false. */
  readonly install?: MayInstall | undefined;
  /** So long it stays away when it ends by itself, before it is started again, empty, in ms; default: for good. */
  readonly restartAfterMs?: number | undefined;
  /** Told in lines what is installed, and when it ended and is back; default: silent. */
  readonly say?: Say | undefined;
}

/** A Redis server that belongs to this process: loopback only, behind a random password, nothing kept on disk. */
export interface PrivateRedis {
  /** `redis://default:password@127.0.0.1:port`, for any client; the same after a restart. */
  readonly url: string;
  readonly port: number;
  /** Process id now; another one after a restart; undefined while it is down. */
  readonly pid: number | undefined;
  /** Ends the process at once, as a crash would (default SIGKILL), and waits until it is gone. Its data are lost. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, empty, on the same port with the same password. Kills it first if it runs. */
  restart(): Promise<void>;
  /** Ends it and removes its files. Can be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts a private `redis-server` or `valkey-server` and waits until it accepts connections. It ends with this process,
 * also when that is killed.
 * @throws {ExpectedError} if no server program is there and none may or could be installed, or if it does not start
 */
export async function startPrivateRedis(options: PrivateRedisOptions = {}): Promise<PrivateRedis> {
  const { restartAfterMs, say = () => {} } = options;
  const program = await ensureRedisProgram(options.install, say);
  const folder = await mkdtemp(join(tmpdir(), "sluice-redis-"));
  const password = randomBytes(18).toString("base64url");
  let port = 0;
  let running: Child | undefined;
  let restarting: NodeJS.Timeout | undefined;

  const start = async () => {
    // Clients may have had it save its data.
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    const own = `bind 127.0.0.1\nport ${port}\ndir "${folder}"\nrequirepass ${password}\nsave ""\nappendonly no\n`;
    const started = await launch(program, `${own}${options.config?.join("\n") ?? ""}\n`, folder);
    running = started;
    started.once("exit", (code, signal) => {
      if (running !== started) return;
      running = undefined;
      if (restartAfterMs === undefined) return;
      say(`${SERVER_NAME} ended (${signal ?? `exit code ${code}`}); starting it again in ${restartAfterMs / 1000} s`);
      startLater(restartAfterMs);
    });
  };
  /** Again and again: its port may be taken for a moment. */
  const startLater = (afterMs: number) => {
    const own = setTimeout(async () => {
      const message = await start().then(
        () => "Redis is back, empty",
        (error: Error) => error.message,
      );
      say(message);
      if (running === undefined && restarting === own) startLater(afterMs);
    }, afterMs);
    restarting = own;
  };
  const kill = async (signal: NodeJS.Signals = "SIGKILL") => {
    clearTimeout(restarting);
    restarting = undefined;
    const ending = running;
    running = undefined;
    ending?.ref();
    const ended = ending && once(ending, "exit");
    ending?.kill(signal);
    await ended;
  };
  const stop = async () => {
    await kill("SIGTERM");
    await rm(folder, { recursive: true, force: true });
  };

  // A free port may be taken in the moment before the server binds it.
  for (let attempt = 1; running === undefined; attempt += 1) {
    port = options.port ?? (await getPort({ host: "127.0.0.1" }));
    await start().catch(async (error: unknown) => {
      if (options.port === undefined && attempt < 5) return;
      await stop();
      throw error;
    });
  }
  return {
    url: `redis://default:${password}@127.0.0.1:${port}`,
    port,
    get pid() {
      return running?.pid;
    },
    kill,
    restart: () => kill().then(start),
    stop,
  };
}

async function launch({ path, env }: RedisProgram, config: string, folder: string): Promise<Child> {
  // The configuration goes in by stdin: arguments are visible to every user of the machine. A process group of its own
  // keeps Ctrl-C from ending it while answers are still under way.
  const server = spawn(path, ["-"], { argv0: SERVER_NAME, env: { ...process.env, ...env }, detached: true });
  server.stdin.on("error", () => {}).end(config);
  await ready(server);
  // Kills the server when this process is gone, however it went: the guard's stdin closes then.
  const script = 'read -r _; kill -9 "$1"; rm -rf "$2"';
  const guard = spawn("/bin/sh", ["-c", script, "guard", String(server.pid), folder], { detached: true });
  guard.stdin.on("error", () => {});
  server.once("exit", () => guard.kill("SIGKILL"));
  // Neither keeps this process from ending. A pipe can be let go of, too, though its type does not say so.
  for (const each of [server, server.stdout.resume(), server.stderr.resume(), guard, ...guard.stdio]) {
    (each as { unref(): void }).unref();
  }
  return server;
}

async function ready(server: Child): Promise<void> {
  const log: string[] = [];
  server.on("error", ({ message }) => log.push(message));
  server.stderr.on("data", (chunk) => log.push(...String(chunk).trim().split("\n")));
  for await (const line of createInterface(server.stdout)) {
    if (line.includes("eady to accept connections")) return;
    log.push(line);
  }
  throw new ExpectedError(`${SERVER_NAME} did not start: ${log.at(-1)}`);
}

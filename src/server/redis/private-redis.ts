import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import getPort from "get-port";
import { ExpectedError } from "../errors.ts";
import { type RedisProgram, SERVER_NAME } from "./find-redis.ts";
import { ensureRedisProgram, type MayInstall, type Say } from "./install-redis.ts";

export interface PrivateRedisOptions {
  /** TCP port on 127.0.0.1; default: a free one. */
  readonly port?: number | undefined;
  /** More lines of redis.conf, e.g. `["maxmemory 64mb"]`. */
  readonly config?: readonly string[];
  /** Whether Redis may be installed where it is missing; default false. */
  readonly install?: MayInstall;
  /** Told in lines what is installed; default: silent. */
  readonly say?: Say;
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
  /** Calls back when the process has ended without `kill` or `stop`. */
  onUnexpectedExit(listener: (reason: string) => void): void;
}

/**
 * Starts a private `redis-server` or `valkey-server` and waits until it accepts connections. It ends with this process,
 * also when that is killed.
 * @throws {ExpectedError} if no server program is there and none may or could be installed, or if it does not start
 */
export async function startPrivateRedis(options: PrivateRedisOptions = {}): Promise<PrivateRedis> {
  const program = await ensureRedisProgram(options.install, options.say);
  const folder = await mkdtemp(join(tmpdir(), "sluice-redis-"));
  const password = randomBytes(18).toString("base64url");
  const listeners: ((reason: string) => void)[] = [];
  let port = options.port ?? (await freePort());
  let running: ChildProcess | undefined;

  const start = async () => {
    // Clients may have had it save its data.
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    const lines = ["bind 127.0.0.1", `port ${port}`, `dir "${folder}"`, `requirepass ${password}`];
    const more = ['save ""', "appendonly no", "daemonize no", "loglevel notice", ...(options.config ?? []), ""];
    const started = await launch(program, [...lines, ...more].join("\n"), folder);
    running = started;
    started.once("exit", (code, signal) => {
      if (running !== started) return;
      running = undefined;
      for (const listener of listeners) listener(`${SERVER_NAME} ended (${signal ?? `exit code ${code}`})`);
    });
  };
  const kill = async (signal: NodeJS.Signals = "SIGKILL") => {
    const ending = running;
    running = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    ending.ref();
    const ended = once(ending, "exit");
    ending.kill(signal);
    await ended;
  };

  // A free port may be taken in the moment before the server binds it.
  for (let attempt = 1; running === undefined; attempt += 1) {
    try {
      await start();
    } catch (error) {
      if (options.port !== undefined || attempt === 5) {
        await rm(folder, { recursive: true, force: true });
        throw error;
      }
      port = await freePort();
    }
  }
  return {
    url: `redis://default:${password}@127.0.0.1:${port}`,
    port,
    get pid() {
      return running?.pid;
    },
    kill,
    async restart() {
      await kill();
      await start();
    },
    async stop() {
      await kill("SIGTERM");
      await rm(folder, { recursive: true, force: true });
    },
    onUnexpectedExit: (listener) => listeners.push(listener),
  };
}

const freePort = () => getPort({ host: "127.0.0.1" });

async function launch({ path, env }: RedisProgram, config: string, folder: string): Promise<ChildProcess> {
  // The configuration goes in by stdin: arguments are visible to every user of the machine. A process group of its own
  // keeps Ctrl-C from ending it while answers are still under way.
  const server = spawn(path, ["-"], { argv0: SERVER_NAME, env: { ...process.env, ...env }, detached: true });
  server.stdin.on("error", () => {}).end(config);
  await ready(server);
  const guard = spawnGuard(server.pid as number, folder);
  server.once("exit", () => guard.kill("SIGKILL"));
  server.unref();
  for (const stream of [server.stdout, server.stderr]) unref(stream.resume());
  return server;
}

/** Kills the server when this process is gone, however it went: the guard's stdin closes then. */
function spawnGuard(pid: number, folder: string): ChildProcess {
  const script = 'read -r _; kill -9 "$1"; rm -rf "$2"';
  const args = ["-c", script, "sluice-redis-guard", String(pid), folder];
  const guard = spawn("/bin/sh", args, { stdio: ["pipe", "ignore", "ignore"], detached: true });
  unref(guard.stdin?.on("error", () => {}));
  guard.unref();
  return guard;
}

/** Its type does not say so, but a child's pipe is a socket, which can let this process end. */
function unref(stream: unknown): void {
  (stream as { unref(): void }).unref();
}

function ready(server: ChildProcess & { stdout: Readable; stderr: Readable }): Promise<void> {
  let log = "";
  return new Promise((resolve, reject) => {
    const fail = (reason?: string) => reject(new ExpectedError(`${SERVER_NAME} did not start: ${reason}`));
    const read = (chunk: Buffer) => {
      log += chunk;
      if (log.includes("eady to accept connections")) resolve();
    };
    server.stdout.on("data", read);
    server.stderr.on("data", read);
    server.once("error", (error) => fail(error.message)).once("close", () => fail(log.trim().split("\n").at(-1)));
  });
}

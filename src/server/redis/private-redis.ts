import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExpectedError } from "../errors.ts";
import { SERVER_NAME } from "./find-redis.ts";
import { freePort } from "./free-port.ts";
import { ensureRedisProgram, type Say } from "./install-redis.ts";

export interface PrivateRedisOptions {
  /** TCP port on 127.0.0.1; default: a free one. */
  readonly port?: number | undefined;
  /** More lines of redis.conf, e.g. `["maxmemory 64mb"]`. */
  readonly config?: readonly string[] | undefined;
  /** Told in lines what is installed, where Redis is missing; default: silent. */
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
  /** Calls back when the process has ended without `kill` or `stop`. */
  onUnexpectedExit(listener: (reason: string) => void): void;
}

/**
 * Starts a private `redis-server` or `valkey-server` and waits until it accepts connections. It ends with this process,
 * also when that is killed.
 * @throws {ExpectedError} if no server program is there and none could be installed, or if it does not start
 */
export async function startPrivateRedis(options: PrivateRedisOptions = {}): Promise<PrivateRedis> {
  const program = await ensureRedisProgram(options.say);
  const folder = await mkdtemp(join(tmpdir(), "sluice-redis-"));
  const password = randomBytes(18).toString("base64url");
  const listeners: ((reason: string) => void)[] = [];
  let port = options.port ?? (await freePort());
  let running: Running | undefined;

  const start = async () => {
    const config = configuration(port, folder, password, options.config ?? []);
    const started = await launch(program.path, program.env, config, folder);
    running = started;
    started.process.once("exit", (code, signal) => {
      if (running !== started) return;
      running = undefined;
      for (const listener of listeners) listener(`${SERVER_NAME} ended (${signal ?? `exit code ${code}`})`);
    });
  };
  const kill = async (signal: NodeJS.Signals = "SIGKILL") => {
    const ending = running;
    running = undefined;
    await ending?.end(signal);
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
      return running?.process.pid;
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

interface Running {
  readonly process: ChildProcess;
  end(signal: NodeJS.Signals): Promise<void>;
}

function configuration(port: number, folder: string, password: string, more: readonly string[]): string {
  const lines = ["bind 127.0.0.1", `port ${port}`, `dir "${folder}"`, `requirepass ${password}`];
  return [...lines, 'save ""', "appendonly no", "daemonize no", "loglevel notice", ...more, ""].join("\n");
}

async function launch(path: string, env: Record<string, string>, config: string, folder: string): Promise<Running> {
  // The configuration goes in by stdin: arguments are visible to every user of the machine. A process group of its own
  // keeps Ctrl-C from ending it while answers are still under way.
  const server = spawn(path, ["-"], {
    argv0: SERVER_NAME,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  server.stdin.on("error", () => {});
  server.stdin.end(config);
  const exited = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  await ready(server);
  server.stdout.resume();
  server.stderr.resume();
  const guard = spawnGuard(server.pid as number, folder);
  server.once("exit", () => guard.kill("SIGKILL"));
  server.unref();
  for (const stream of [server.stdout, server.stderr]) (stream as unknown as { unref(): void }).unref();
  return {
    process: server,
    async end(signal) {
      server.ref();
      server.kill(signal);
      await exited;
    },
  };
}

/** Kills the server when this process is gone, however it went: the guard's stdin closes then. */
function spawnGuard(pid: number, folder: string): ChildProcess {
  const script = 'read -r _; kill -9 "$1"; rm -rf "$2"';
  const guard = spawn("/bin/sh", ["-c", script, "sluice-redis-guard", String(pid), folder], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.stdin?.on("error", () => {});
  (guard.stdin as unknown as { unref(): void }).unref();
  guard.unref();
  return guard;
}

async function ready(server: ChildProcess): Promise<void> {
  let log = "";
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      log += chunk;
      if (log.includes("eady to accept connections")) resolve();
    };
    const fail = () => reject(new ExpectedError(`${SERVER_NAME} did not start: ${log.trim().split("\n").at(-1)}`));
    server.stdout?.on("data", read);
    server.stderr?.on("data", read);
    server.once("error", (error) => reject(new ExpectedError(`${SERVER_NAME} did not start: ${error.message}`)));
    server.once("close", fail);
  });
}

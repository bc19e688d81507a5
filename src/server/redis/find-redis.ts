import { execFile, spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** A program that runs as a Redis server, and how to call it. */
export interface RedisProgram {
  /** Absolute path of the executable. */
  readonly path: string;
  /** What to add to the environment, e.g. where unpacked libraries lie. */
  readonly env: Readonly<Record<string, string>>;
}

/** Debian's redis-server is a link to redis-check-rdb: one binary, which serves when it is called by this name. */
export const SERVER_NAME = "redis-server";

const NAMES = ["redis-server", "valkey-server", "redis-check-rdb", "valkey-check-rdb"];

/** A Redis or Valkey server on the PATH or among what was unpacked earlier; undefined if there is none that starts. */
export async function findRedisProgram(): Promise<RedisProgram | undefined> {
  const { PATH = "" } = process.env;
  const folders = PATH.split(delimiter).filter((folder) => folder !== "");
  for (const name of NAMES) {
    for (const folder of folders) {
      const program = { path: join(folder, name), env: {} };
      if ((await isExecutable(program.path)) && (await serves(program))) return program;
    }
  }
  const unpacked = await unpackedProgram(unpackFolder());
  return (await serves(unpacked)) ? unpacked : undefined;
}

/** Where a user who is not root keeps an unpacked Redis: `$XDG_CACHE_HOME/sluice/redis`, by default under `~/.cache`. */
export function unpackFolder(): string {
  const { XDG_CACHE_HOME } = process.env;
  return join(XDG_CACHE_HOME || join(homedir(), ".cache"), "sluice", "redis");
}

/** The program inside a folder that Debian packages were unpacked into. */
export async function unpackedProgram(folder: string): Promise<RedisProgram> {
  const libraries = await libraryFolders(folder);
  return { path: join(folder, "usr/bin/redis-check-rdb"), env: { LD_LIBRARY_PATH: libraries.join(delimiter) } };
}

/** True if the program is there and answers `--version` as a server does. */
export async function serves(program: RedisProgram): Promise<boolean> {
  const env = { ...process.env, ...program.env };
  const child = spawn(program.path, ["--version"], { argv0: SERVER_NAME, env, stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  await new Promise((resolve) => child.once("error", resolve).once("close", resolve));
  return /^(Redis|Valkey|Redict) server v=/m.test(said);
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function libraryFolders(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)("find", [folder, "-name", "*.so*", "-printf", "%h\n"]).catch(() => ({
    stdout: "",
  }));
  return [...new Set(stdout.split("\n").filter((line) => line !== ""))];
}

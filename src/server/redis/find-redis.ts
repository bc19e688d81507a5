import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import which from "which";

/** A program that runs as a Redis server: its absolute path, and what to add to its environment. */
export type RedisProgram = { readonly path: string; readonly env: Readonly<Record<string, string>> };

/** Debian's redis-server is a link to redis-check-rdb: one binary, which serves when it is called by this name. */
export const SERVER_NAME = "redis-server";
const NAMES = [SERVER_NAME, "valkey-server", "redis-check-rdb", "valkey-check-rdb"];

/** A Redis or Valkey server on the PATH or among what was unpacked earlier; undefined if there is none that starts. */
export async function findRedisProgram(): Promise<RedisProgram | undefined> {
  for (const name of NAMES) {
    for (const path of (await which(name, { all: true, nothrow: true })) ?? []) {
      if (await serves({ path, env: {} })) return { path, env: {} };
    }
  }
  const folder = unpackFolder();
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  const libraries = new Set(files.filter((file) => file.includes(".so")).map((file) => join(folder, dirname(file))));
  const unpacked = {
    path: join(folder, "usr/bin/redis-check-rdb"),
    env: { LD_LIBRARY_PATH: [...libraries].join(delimiter) },
  };
  return (await serves(unpacked)) ? unpacked : undefined;
}

/** Where a user who is not root keeps an unpacked Redis: `$XDG_CACHE_HOME/sluice/redis`, by default under `~/.cache`. */
export function unpackFolder(): string {
  const { XDG_CACHE_HOME } = process.env;
  return join(XDG_CACHE_HOME || join(homedir(), ".cache"), "sluice", "redis");
}

async function serves({ path, env }: RedisProgram): Promise<boolean> {
  const child = spawn(path, ["--version"], { argv0: SERVER_NAME, env: { ...process.env, ...env } });
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += chunk;
  });
  await once(child, "close").catch(() => {});
  return /^(Redis|Valkey|Redict) server v=/m.test(said);
}

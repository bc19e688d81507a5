import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { arch, availableParallelism, cpus, loadavg, platform } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./bundle.ts";
import type { Servers } from "./servers.ts";

/** What the figures were measured on. */
export interface Machine {
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly platform: string;
  /** Load average of the last minute when the run began: processes that wanted a core. */
  readonly loadBefore: number;
  readonly versions: Readonly<Record<string, string>>;
}

const PACKAGES = [
  "@upstash/ratelimit",
  "@upstash/redis",
  "hono-rate-limiter",
  "rate-limiter-flexible",
  "redis-semaphore",
  "ioredis",
  "miniflare",
  "workerd",
];

/** This machine, and what runs on it; with the version of Redis where the run has one. */
export async function machine(servers?: Pick<Servers, "redisVersion">): Promise<Machine> {
  const versions: Record<string, string> = {
    sluice: await revision(),
    node: process.versions.node,
    ...(servers && { redis: servers.redisVersion }),
  };
  for (const name of PACKAGES) {
    const { version } = JSON.parse(await readFile(join(root, "node_modules", name, "package.json"), "utf8"));
    versions[name] = version;
  }
  return {
    date: new Date().toISOString().slice(0, 16),
    processor: cpus()[0]?.model ?? "",
    cores: availableParallelism(),
    platform: `${platform()} ${arch()}`,
    loadBefore: loadavg()[0] ?? 0,
    versions,
  };
}

async function revision(): Promise<string> {
  const git = promisify(execFile)("git", ["describe", "--always", "--dirty"], { cwd: root });
  return git.then(
    ({ stdout }) => stdout.trim(),
    () => "unknown",
  );
}

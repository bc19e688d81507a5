import { spawn } from "node:child_process";
import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ExpectedError } from "../errors.ts";
import { findRedisProgram, type RedisProgram, serves, unpackedProgram, unpackFolder } from "./find-redis.ts";

// Debian's redis-tools holds the server's binary; the package redis-server adds the name and a system service on port
// 6379, which nobody asked for.
const DEBIAN_PACKAGE = "redis-tools";

const LONGEST_MS = 5 * 60_000;

interface RunOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/** Told line by line what is being done, e.g. `console.error`. */
export type Say = (line: string) => void;

/**
 * The Redis or Valkey server of this machine. Where there is none it is installed as this user may: with apt-get as
 * root on Debian, unpacked from the downloaded packages otherwise, with brew on a Mac.
 * @throws {ExpectedError} naming what to install by hand, where nothing of this works
 */
export async function ensureRedisProgram(say: Say = () => {}): Promise<RedisProgram> {
  const found = await findRedisProgram();
  if (found) return found;
  const reason = await install(say).then(
    () => "what was installed does not start",
    (error: unknown) => lastLine(error),
  );
  const installed = await findRedisProgram();
  if (installed) return installed;
  throw new ExpectedError(
    `no redis-server or valkey-server here, and it could not be installed (${reason}): install Redis 6.2 or newer, or name a running one by REDIS_URL`,
  );
}

async function install(say: Say): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  if (await has("apt-get")) return isRoot ? installAsRoot(say) : unpack(unpackFolder(), say);
  if (process.platform === "darwin" && (await has("brew"))) {
    say("no Redis on this machine: brew install redis (no service is started)");
    const env = { HOMEBREW_NO_AUTO_UPDATE: "1", HOMEBREW_NO_ANALYTICS: "1" };
    await run("brew", ["install", "--quiet", "redis"], { env });
    return;
  }
  throw new Error(`no package manager known for ${process.platform}`);
}

async function installAsRoot(say: Say): Promise<void> {
  say(`no Redis on this machine: apt-get install ${DEBIAN_PACKAGE} (the server's program, without a system service)`);
  const options = ["-qq", "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Use-Pty=0"];
  const install = () =>
    run("apt-get", [...options, "install", "-y", "--no-install-recommends", DEBIAN_PACKAGE], {
      env: { DEBIAN_FRONTEND: "noninteractive" },
    });
  await install().catch(async () => {
    say("apt-get update, since the package lists are missing or old");
    await run("apt-get", [...options, "update"]);
    await install();
  });
}

/** Downloads Debian's packages as an ordinary user and unpacks them into `folder`; nothing outside it changes. */
export async function unpack(folder: string, say: Say): Promise<void> {
  say(`no Redis on this machine: unpacking Debian's ${DEBIAN_PACKAGE} into ${folder}`);
  await mkdir(dirname(folder), { recursive: true });
  // Unpacked beside its place and renamed, so that a second process never finds half of it.
  const draft = await mkdtemp(`${folder}-`);
  try {
    const options = await aptOptions(draft, say);
    const plan = await run("apt-get", [...options, "install", "--simulate", "--no-install-recommends", DEBIAN_PACKAGE]);
    const packages = [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] as string);
    await run("apt-get", [...options, "download", ...packages], { cwd: draft });
    const files = await run("find", [draft, "-maxdepth", "1", "-name", "*.deb"]);
    for (const file of files.split("\n").filter((line) => line !== "")) {
      await run("dpkg-deb", ["-x", file, draft]);
      await rm(file);
    }
    if (!(await serves(await unpackedProgram(draft)))) throw new Error("the unpacked server does not start");
    await rename(draft, folder).catch(async (error: unknown) => {
      if (!(await serves(await unpackedProgram(folder)))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** None if the system's package lists know the package; else lists of our own, which need no root to update. */
async function aptOptions(draft: string, say: Say): Promise<string[]> {
  const known = await run("apt-cache", ["show", "--no-all-versions", DEBIAN_PACKAGE]).then(
    (shown) => shown !== "",
    () => false,
  );
  if (known) return [];
  const state = join(draft, "apt");
  await mkdir(join(state, "lists/partial"), { recursive: true });
  await mkdir(join(state, "cache/archives/partial"), { recursive: true });
  const options = [`Dir::State::lists=${state}/lists`, `Dir::Cache=${state}/cache`].flatMap((option) => ["-o", option]);
  say("reading the package lists, since this machine has none");
  await run("apt-get", [...options, "update", "-qq"]);
  return options;
}

async function has(program: string): Promise<boolean> {
  const { PATH = "" } = process.env;
  const folders = PATH.split(":");
  const checks = folders.map((folder) =>
    access(join(folder, program)).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(checks)).includes(true);
}

/** Runs a program to its end and gives what it printed. @throws with its last words, or after five minutes */
function run(command: string, args: string[], { env, cwd }: RunOptions = {}): Promise<string> {
  // Nothing to read, so that nothing waits for an answer.
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LONGEST_MS,
  });
  let printed = "";
  let trouble = "";
  child.stdout.on("data", (chunk: Buffer) => {
    printed += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    trouble += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve(printed);
      else reject(new Error(trouble || `${command} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

function lastLine(error: unknown): string {
  const text = error instanceof Error ? error.message.trim() : String(error);
  return text.split("\n").at(-1) ?? text;
}

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import which from "which";
import { ExpectedError } from "../errors.ts";
import { findRedisProgram, type RedisProgram, serves, unpackedProgram, unpackFolder } from "./find-redis.ts";

/** Told line by line what is being done, e.g. `console.error`. */
export type Say = (line: string) => void;

/** Whether Redis may be installed: yes, no, or who decides when told in a line how it would be done. */
export type MayInstall = boolean | ((how: string) => Promise<boolean>);

interface Way {
  /** As a person would do it, or read it. */
  readonly how: string;
  run(say: Say): Promise<unknown>;
}

// Debian's redis-tools holds the server's binary; the package redis-server adds the name and a system service on port
// 6379, which nobody asked for.
const PACKAGE = "redis-tools";
const QUIET = ["-qq", "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Use-Pty=0"];
const LONGEST_MS = 5 * 60_000;

/**
 * The Redis or Valkey server of this machine. Where there is none it is installed, if it may be.
 * @throws {ExpectedError} with what to do by hand, if it may not be installed or can't
 */
export async function ensureRedisProgram(mayInstall: MayInstall = false, say: Say = () => {}): Promise<RedisProgram> {
  const found = await findRedisProgram();
  if (found) return found;
  const way = await wayToInstall();
  const otherwise = "install Redis 6.2 or newer, or name a running one by REDIS_URL";
  if (!way) throw new ExpectedError(`no redis-server or valkey-server here: ${otherwise}`);
  if (!(typeof mayInstall === "function" ? await mayInstall(way.how) : mayInstall)) {
    throw new ExpectedError(`no redis-server or valkey-server here: ${way.how} (--install does it), or ${otherwise}`);
  }
  say(`no Redis on this machine: ${way.how}`);
  const trouble = await way.run(say).then(
    () => "what was installed does not start",
    (error: Error & { stderr?: string }) => (error.stderr || error.message).trim().split("\n").at(-1),
  );
  const installed = await findRedisProgram();
  if (installed) return installed;
  throw new ExpectedError(`Redis could not be installed (${trouble}): ${otherwise}`);
}

/** How this user may install Redis on this machine; undefined where no way is known. */
async function wayToInstall(): Promise<Way | undefined> {
  if (await which("apt-get", { nothrow: true })) {
    if (process.getuid?.() === 0) return { how: `apt-get install ${PACKAGE}`, run: installAsRoot };
    return { how: `unpack Debian's ${PACKAGE} into ${unpackFolder()}`, run: (say) => unpack(unpackFolder(), say) };
  }
  if (process.platform !== "darwin" || !(await which("brew", { nothrow: true }))) return undefined;
  const env = { HOMEBREW_NO_AUTO_UPDATE: "1", HOMEBREW_NO_ANALYTICS: "1" };
  return { how: "brew install redis", run: () => run("brew", ["install", "--quiet", "redis"], { env }) };
}

async function installAsRoot(say: Say): Promise<void> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = () => run("apt-get", [...QUIET, "install", "-y", "--no-install-recommends", PACKAGE], { env });
  await install().catch(async () => {
    say("apt-get update, since the package lists are missing or old");
    await run("apt-get", [...QUIET, "update"]);
    await install();
  });
}

/** Downloads Debian's packages as an ordinary user and unpacks them into `folder`; nothing outside it changes. */
async function unpack(folder: string, say: Say): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  // Unpacked beside its place and renamed, so that a second process never finds half of it.
  const draft = await mkdtemp(`${folder}-`);
  try {
    const options = await listOptions(draft, say);
    const plan = await run("apt-get", [...options, "install", "--simulate", "--no-install-recommends", PACKAGE]);
    const packages = [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] as string);
    await run("apt-get", [...options, "download", ...packages], { cwd: draft });
    await run("sh", ["-c", 'for file in ./*.deb; do dpkg-deb -x "$file" . && rm "$file"; done'], { cwd: draft });
    if (!(await serves(await unpackedProgram(draft)))) throw new Error("the unpacked server does not start");
    await rename(draft, folder).catch(async (error: unknown) => {
      if (!(await serves(await unpackedProgram(folder)))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** None if the system's package lists know the package; else lists of our own, which need no root to update. */
async function listOptions(draft: string, say: Say): Promise<string[]> {
  if (await run("apt-cache", ["show", "--no-all-versions", PACKAGE]).catch(() => "")) return [];
  const [lists, cache] = [join(draft, "apt/lists"), join(draft, "apt/cache")];
  await mkdir(join(lists, "partial"), { recursive: true });
  await mkdir(join(cache, "archives/partial"), { recursive: true });
  const options = ["-o", `Dir::State::lists=${lists}`, "-o", `Dir::Cache=${cache}`];
  say("reading the package lists, since this machine has none");
  await run("apt-get", [...options, "update", "-qq"]);
  return options;
}

/** Runs a program to its end and gives what it printed. @throws with its last words, or after five minutes */
async function run(command: string, args: string[], { env = {}, cwd }: { env?: object; cwd?: string } = {}) {
  const settings = { ...(cwd !== undefined && { cwd }), env: { ...process.env, ...env }, timeout: LONGEST_MS };
  const running = promisify(execFile)(command, args, { ...settings, maxBuffer: 64 * 1024 * 1024 });
  // Nothing to read, so that nothing waits for an answer.
  running.child.stdin?.end();
  return (await running).stdout;
}

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import which from "which";
import { ExpectedError } from "../errors.ts";
import { findRedisProgram, type RedisProgram, unpackFolder } from "./find-redis.ts";

/** Told line by line what is being done, e.g. `console.error`. */
export type Say = (line: string) => void;
/** Whether Redis may be installed: yes, no, or who decides when told in a line how it would be done. */
export type MayInstall = boolean | ((how: string) => Promise<boolean>);

const LONGEST_MS = 5 * 60_000;
// Debian's redis-tools holds the server's binary; the package redis-server adds the name and a system service on port
// 6379, which nobody asked for.
const PACKAGE = "redis-tools";
const APT = "apt-get -qq -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0";
const AS_ROOT = `
  export DEBIAN_FRONTEND=noninteractive
  install() { ${APT} install -y --no-install-recommends ${PACKAGE}; }
  install || { ${APT} update && install; }`;
// Into the current folder; nothing outside it changes. Package lists of our own need no root, if the system has none.
const UNPACK = `set -e
  apt="${APT}"
  if [ -z "$(apt-cache show --no-all-versions ${PACKAGE} 2>/dev/null)" ]; then
    mkdir -p apt/lists/partial apt/cache/archives/partial
    apt="$apt -o Dir::State::lists=$PWD/apt/lists -o Dir::Cache=$PWD/apt/cache"
    $apt update
  fi
  plan=$($apt -q=0 install --simulate --no-install-recommends ${PACKAGE})
  $apt download $(echo "$plan" | sed -n 's/^Inst \\([^ ]*\\).*/\\1/p')
  for file in ./*.deb; do dpkg-deb -x "$file" .; done
  rm -rf ./*.deb apt`;

/**
 * The Redis or Valkey server of this machine. Where there is none it is installed, if it may be.
 * @throws {ExpectedError} with what to do by hand, if it may not be installed or can't
 */
export async function ensureRedisProgram(mayInstall: MayInstall = false, say: Say = () => {}): Promise<RedisProgram> {
  const found = await findRedisProgram();
  if (found) return found;
  const way = await wayToInstall();
  const missing = "no redis-server or valkey-server here";
  const otherwise = "install Redis 6.2 or newer, or name a running one by REDIS_URL";
  if (!way) throw new ExpectedError(`${missing}: ${otherwise}`);
  const isAllowed = typeof mayInstall === "function" ? await mayInstall(way.how) : mayInstall;
  if (!isAllowed) throw new ExpectedError(`${missing}: ${way.how} (--install does it), or ${otherwise}`);
  say(`no Redis on this machine: ${way.how}`);
  const trouble = await way.run().then(
    () => "what was installed does not start",
    (error: Error & { stderr?: string }) => (error.stderr || error.message).trim().split("\n").at(-1),
  );
  const installed = await findRedisProgram();
  if (installed) return installed;
  throw new ExpectedError(`Redis could not be installed (${trouble}): ${otherwise}`);
}

async function wayToInstall(): Promise<{ how: string; run(): Promise<unknown> } | undefined> {
  if (await which("apt-get", { nothrow: true })) {
    if (process.getuid?.() === 0) return { how: `apt-get install ${PACKAGE}`, run: () => run(AS_ROOT) };
    return { how: `unpack Debian's ${PACKAGE} into ${unpackFolder()}`, run: () => unpack(unpackFolder()) };
  }
  if (process.platform !== "darwin" || !(await which("brew", { nothrow: true }))) return undefined;
  return { how: "brew install redis", run: () => run("HOMEBREW_NO_AUTO_UPDATE=1 brew install --quiet redis") };
}

/** Unpacks beside the folder and renames, so that a second process never finds half of it. */
async function unpack(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}-`);
  await run(UNPACK, draft)
    .then(() => rename(draft, folder))
    .finally(() => rm(draft, { recursive: true, force: true }));
}

async function run(script: string, cwd = "/"): Promise<unknown> {
  const running = promisify(execFile)("sh", ["-c", script], { cwd, timeout: LONGEST_MS, maxBuffer: 1024 ** 3 });
  // Nothing to read, so that nothing waits for an answer.
  running.child.stdin?.end();
  return running;
}

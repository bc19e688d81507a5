import { chmod, chown, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import which from "which";
import { ensureRedisProgram } from "../../../src/server/redis/install-redis.ts";
import { repository } from "../processes.ts";

/** A machine as a new user has it: a folder, a home with nothing in it, and on the PATH little more than Node. */
export interface Stranger {
  readonly folder: string;
  readonly home: string;
  readonly env: Record<string, string>;
  /** Puts programs on the PATH, by name and path. */
  has(programs: Readonly<Record<string, string>>): Promise<void>;
  end(): Promise<void>;
}

const NOBODY = 65_534;
const OWN = ["node", "npm", "npx", "sh", "curl"];

/** With a Redis on the PATH or without, and then without a package manager, too: nothing can install one. */
export async function stranger({ redis }: { redis: boolean }): Promise<Stranger> {
  const root = await mkdtemp(join(tmpdir(), "sluice-readme-"));
  await chmod(root, 0o755);
  const [folder, bin, home] = ["app", "bin", "home"].map((name) => join(root, name)) as [string, string, string];
  for (const path of [folder, bin, home]) await mkdir(path);
  const has = async (programs: Readonly<Record<string, string>>) => {
    for (const [name, path] of Object.entries(programs)) await symlink(path, join(bin, name));
  };
  for (const name of OWN) await has({ [name]: await which(name) });
  const env: Record<string, string> = {
    PATH: bin,
    HOME: home,
    XDG_CACHE_HOME: home,
    TMPDIR: home,
    // Which registry there is, and what it has sent already, is the machine's affair.
    npm_config_userconfig: join(homedir(), ".npmrc"),
    npm_config_cache: join(homedir(), ".npm"),
    npm_config_prefer_offline: "true",
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
  };
  if (redis) {
    const program = await ensureRedisProgram(true);
    await has({ "redis-server": program.path });
    Object.assign(env, program.env);
  }
  return { folder, home, env, has, end: () => rm(root, { recursive: true, force: true }) };
}

/** Gives the folder and the home to a user who may do nothing else; what comes before that user's commands. */
export async function asPlainUser({ folder, home }: Stranger): Promise<string[]> {
  // Who is not root has been such a user all along.
  if (process.getuid?.() !== 0) return [];
  for (const path of [folder, home]) await chown(path, NOBODY, NOBODY);
  return [await which("setpriv"), `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"];
}

export async function write(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, code] of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), code);
  }
}

/** A package of this repository's own node_modules, with its programs, in place of another copy of 200 MB. */
export async function borrow(folder: string, name: string): Promise<void> {
  const own = `${repository}node_modules`;
  const programs = await readdir(`${own}/${name}/bin`).catch(() => []);
  await symlink(`${own}/${name}`, join(folder, "node_modules", name));
  await mkdir(join(folder, "node_modules/.bin"), { recursive: true });
  const names = [name, ...programs.map((file) => file.replace(/\.\w+$/, ""))];
  for (const program of new Set(names)) {
    const path = await which(program, { path: `${own}/.bin`, nothrow: true });
    if (path) await symlink(path, join(folder, "node_modules/.bin", program));
  }
}

import { execFile } from "node:child_process";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

/** A server as Debian packs it: `redis`, `valkey` or `redict` of a suite. `base`: the suite that a backport builds on. */
export interface Packed {
  readonly family: "redis" | "valkey" | "redict";
  readonly suite: string;
  readonly base?: string;
}

/** What was unpacked: a folder for the PATH in which `redis-server` is that server, and its version. */
export interface Unpacked {
  readonly folder: string;
  readonly version: string;
}

/**
 * Unpacks a server into `folder` with all libraries that it needs, the C library included, and installs nothing. The
 * packages come from the mirror that apt uses on this machine, which must be a Debian for the same processor.
 */
export async function unpackServer({ family, suite, base }: Packed, folder: string): Promise<Unpacked> {
  const name = `${family}-tools`;
  const apt = await aptFor([suite, ...(base ? [base] : [])], folder);
  await apt("update", "-qq");
  const plan = await apt("install", "--simulate", "--no-install-recommends", "-t", suite, name);
  const packages = [...plan.matchAll(/^Inst (\S+) \((\S+)/gm)].filter(
    ([, each = ""]) => each === name || isLibrary(each),
  );
  const version = packages.find(([, each]) => each === name)?.[2];
  if (!version) throw new Error(`${suite} has no ${name}`);
  await apt("download", "-qq", ...packages.map(([, each, version]) => `${each}=${version}`));
  const files = await readdir(folder);
  for (const file of files.filter((file) => file.endsWith(".deb"))) await run("dpkg-deb", ["-x", file, "."], folder);
  return { folder: await starterIn(folder, family), version: /^(?:\d+:)?([\d.]+)/.exec(version)?.[1] ?? version };
}

/** What the programs load; what only their installation asks for is left out. */
const isLibrary = (name: string) => /^(lib|lua-|zlib)/.test(name);

/** apt-get with lists, archives and a state of its own: it believes that nothing is installed. */
async function aptFor(suites: readonly string[], folder: string) {
  const state = join(folder, "apt");
  await mkdir(join(state, "lists/partial"), { recursive: true });
  await mkdir(join(state, "cache/archives/partial"), { recursive: true });
  const mirror = await debianMirror();
  await writeFile(join(state, "sources.list"), suites.map((suite) => `deb ${mirror} ${suite} main\n`).join(""));
  const options = [
    `Dir::Etc::sourcelist=${state}/sources.list`,
    "Dir::Etc::sourceparts=/dev/null",
    "Dir::State::status=/dev/null",
    `Dir::State::lists=${state}/lists`,
    `Dir::Cache=${state}/cache`,
  ].flatMap((option) => ["-o", option]);
  return (...args: string[]) => run("apt-get", [...options, ...args], folder);
}

/** Where this machine's apt finds Debian's archive. */
async function debianMirror(): Promise<string> {
  const uris = await run("apt-get", ["update", "--print-uris"], "/");
  const [, mirror] = /'(\S+\/debian\/?)dists\//.exec(uris) ?? [];
  if (!mirror) throw new Error("apt knows no mirror of Debian here");
  return mirror;
}

/** A folder with a program `redis-server` that starts the unpacked one with its own libraries, whatever this machine has. */
async function starterIn(folder: string, family: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true })).map((file) => join(folder, file));
  const libraries = [...new Set(files.filter((file) => /\.so(\.|$)/.test(file)).map(dirname))];
  // Not the one in lib64: in some suites that is a link to this machine's own.
  const loader = files.find((file) => /\/lib\/[^/]+\/ld-linux[^/]*\.so\.\d+$/.test(file));
  const program = files.find((file) => file.endsWith(`/usr/bin/${family}-check-rdb`));
  if (!loader || !program) throw new Error(`the packages have no ${family}-server`);
  // It is a server by its name: it looks at what it was called by.
  const server = join(dirname(program), `${family}-server`);
  await symlink(program, server);
  const starter = join(folder, "bin-of-its-own");
  await mkdir(starter);
  const script = `#!/bin/sh\nexec "${loader}" --library-path "${libraries.join(":")}" "${server}" "$@"\n`;
  await writeFile(join(starter, "redis-server"), script, { mode: 0o755 });
  return starter;
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, LC_ALL: "C" };
  const { stdout } = await promisify(execFile)(command, args, { cwd, env, maxBuffer: 2 ** 26 });
  return stdout;
}

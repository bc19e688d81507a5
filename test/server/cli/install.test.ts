import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import which from "which";
import { type RunningSluice, SLUICE, startCommand, startSluice } from "./sluice.ts";

const HOW = /(apt-get install redis-tools|unpack Debian's redis-tools into \S+|brew install redis)/.source;

let folder: string;
/** Of a machine that has a package manager, and no Redis; nor has it what an installation takes. */
let bare: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-install-"));
  for (const name of ["apt-get", "brew"]) {
    const path = await which(name, { nothrow: true });
    if (path) await symlink(path, join(folder, name));
  }
  bare = { PATH: folder, XDG_CACHE_HOME: folder };
});
afterEach(() => rm(folder, { recursive: true }));

test("without a terminal it prints what to do, and installs nothing", async () => {
  const { code, err, out } = await startSluice(["redis-rest", "-p", "0"], bare).ended;
  expect([code, out]).toEqual([1, ""]);
  expect(err).toMatch(
    new RegExp(
      `^sluice: no redis-server or valkey-server here: ${HOW} \\(--install does it\\), or install Redis .+\n$`,
    ),
  );
});

test("--install installs", async () => {
  const { code, err } = await startSluice(["redis-rest", "-p", "0", "--install"], bare).ended;
  expect(code).toBe(1);
  expect(err).toMatch(
    new RegExp(`^sluice: no Redis on this machine: ${HOW}\nsluice: Redis could not be installed \\(.+\\): .+\n$`),
  );
});

describe("in a terminal it asks", () => {
  async function inTerminal(answer: string): Promise<string> {
    const script = await which("script");
    const command = [...SLUICE, "redis-rest", "-p", "0"];
    const args =
      process.platform === "darwin" ? ["-q", "/dev/null", ...command] : ["-qec", command.join(" "), "/dev/null"];
    const running: RunningSluice = startCommand([script, ...args], { ...bare, SHELL: "/bin/sh" });
    await expect.poll(running.out).toMatch(new RegExp(`${HOW}\\? \\[y/N\\] `));
    running.child.stdin?.write(`${answer}\r`);
    await running.ended;
    return running.out();
  }

  test.each(["n", ""])("and takes %j for no", async (answer) => {
    expect(await inTerminal(answer)).toMatch(/no redis-server or valkey-server here: /);
  });

  test("and takes y for yes", async () => {
    expect(await inTerminal("y")).toMatch(/Redis could not be installed/);
  });
});
